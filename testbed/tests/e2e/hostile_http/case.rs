//! One hostile request, and the allowed answers.

/// Stands for a connection that is closed without an answer.
pub const CLOSED: u16 = 0;

/// A request.
pub struct Case {
    /// For the reader of a failure.
    pub name: String,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// The allowed statuses.
    pub allowed: Vec<u16>,
}

/// A case with that name.
pub fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, allowed: &[u16]) -> Case {
    Case {
        name: name.into(),
        bytes: bytes.into(),
        allowed: allowed.to_vec(),
    }
}
