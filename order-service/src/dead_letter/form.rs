//! How much of a record a dead letter carries. Pure.

/// How much of a record a dead letter carries. Each form is tried when the one before it was too large for the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The whole record.
    Copy,
    /// Key, headers, and hash and length of the value; its own value is null.
    WithoutValue,
    /// Only our headers, with hash and length of the value: key or headers are too large themselves.
    HeadersOnly,
}

impl Form {
    /// The next smaller form.
    pub fn smaller(self) -> Option<Self> {
        match self {
            Self::Copy => Some(Self::WithoutValue),
            Self::WithoutValue => Some(Self::HeadersOnly),
            Self::HeadersOnly => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_shrinks_until_there_is_nothing_left_to_omit() {
        let forms: Vec<Form> = std::iter::successors(Some(Form::Copy), |form| form.smaller()).collect();
        assert_eq!(forms, [Form::Copy, Form::WithoutValue, Form::HeadersOnly]);
    }
}
