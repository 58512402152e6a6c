//! Every refusal of the registry, with the HTTP status and the error code that Confluent's registry uses for it.
//!
//! The codes are those of Confluent's [API reference](https://docs.confluent.io/platform/current/schema-registry/develop/api.html);
//! clients branch on them, so they never change. Writing a refusal into a response is up to `http`.

/// Why the registry did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such path, or an id in it is not a number.
    #[error("HTTP 404 Not Found")]
    NoSuchPath,
    /// The path exists, but not with this method.
    #[error("HTTP 405 Method Not Allowed")]
    NoSuchMethod,
    /// The registry is on loopback, and the request's host is another name.
    #[error("Host '{0}' is not allowed; call this registry as localhost")]
    OtherHost(String),
    /// A cross-origin write from a web page.
    #[error("Cross-origin writes are not allowed")]
    ForeignPage,
    /// The body is not JSON, or not in the form that the call requires.
    #[error("The request body cannot be read: {0}")]
    UnreadableBody(String),
    /// The body is larger than the limit, in bytes.
    #[error("The request body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The API does not accept the body's content type.
    #[error("Content type '{0}' is not supported; send application/vnd.schemaregistry.v1+json")]
    UnsupportedContentType(String),
    /// Nothing is registered under the subject.
    #[error("Subject '{0}' not found.")]
    SubjectNotFound(String),
    /// The subject has no such version.
    #[error("Version {0} not found.")]
    VersionNotFound(String),
    /// No schema has that id, or the schema was never registered under the subject.
    #[error("Schema not found")]
    SchemaNotFound,
    /// The subject is soft-deleted already, and can now only be deleted permanently.
    #[error("Subject '{0}' was soft deleted. Set permanent=true to delete permanently")]
    SubjectSoftDeleted(String),
    /// A subject must be soft-deleted before it can be deleted permanently.
    #[error("Subject '{0}' was not deleted first before being permanently deleted")]
    SubjectNotSoftDeleted(String),
    /// The version is soft-deleted already, and can now only be deleted permanently.
    #[error("Subject '{0}' Version {1} was soft deleted. Set permanent=true to delete permanently")]
    VersionSoftDeleted(String, u32),
    /// A version must be soft-deleted before it can be deleted permanently.
    #[error("Subject '{0}' Version {1} was not deleted first before being permanently deleted")]
    VersionNotSoftDeleted(String, u32),
    /// The subject has no compatibility level of its own.
    #[error("Subject '{0}' does not have subject-level compatibility configured")]
    LevelNotConfigured(String),
    /// The subject has no mode of its own.
    #[error("Subject '{0}' does not have subject-level mode configured")]
    ModeNotConfigured(String),
    /// The schema breaks the subject's compatibility level, for these reasons.
    #[error("Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]", reasons.join(", "))]
    Incompatible {
        /// The subject.
        subject: String,
        /// One sentence for each incompatibility.
        reasons: Vec<String>,
    },
    /// The text is not a schema, is not Avro, or refers to something that does not exist.
    #[error("Invalid schema: {0}")]
    InvalidSchema(String),
    /// Not a version number.
    #[error("The specified version '{0}' is not a valid version id. Allowed values are 1 to 2147483647, -1 and latest")]
    InvalidVersion(String),
    /// Not a compatibility level.
    #[error(
        "Invalid compatibility level '{0}'. Valid values are NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, \
         FORWARD_TRANSITIVE, FULL and FULL_TRANSITIVE"
    )]
    InvalidLevel(String),
    /// Not a mode.
    #[error("Invalid mode '{0}'. Valid values are READWRITE, READONLY, READONLY_OVERRIDE and IMPORT")]
    InvalidMode(String),
    /// The subject's mode does not allow it.
    #[error("Subject {0} is in mode {1}")]
    NotPermitted(String, String),
    /// Another schema refers to what was to be deleted.
    #[error("One or more references exist to the schema {{subject={0},version={1}}}")]
    ReferenceExists(String, u32),
}

impl Refusal {
    /// The `error_code` of the body. Its first three digits are the HTTP status.
    pub fn code(&self) -> u32 {
        match self {
            Refusal::UnreadableBody(_) => 400,
            Refusal::ForeignPage => 403,
            Refusal::NoSuchPath => 404,
            Refusal::NoSuchMethod => 405,
            Refusal::Incompatible { .. } => 409,
            Refusal::BodyTooLarge(_) => 413,
            Refusal::UnsupportedContentType(_) => 415,
            Refusal::OtherHost(_) => 421,
            Refusal::SubjectNotFound(_) => 40401,
            Refusal::VersionNotFound(_) => 40402,
            Refusal::SchemaNotFound => 40403,
            Refusal::SubjectSoftDeleted(_) => 40404,
            Refusal::SubjectNotSoftDeleted(_) => 40405,
            Refusal::VersionSoftDeleted(..) => 40406,
            Refusal::VersionNotSoftDeleted(..) => 40407,
            Refusal::LevelNotConfigured(_) => 40408,
            Refusal::ModeNotConfigured(_) => 40409,
            Refusal::InvalidSchema(_) => 42201,
            Refusal::InvalidVersion(_) => 42202,
            Refusal::InvalidLevel(_) => 42203,
            Refusal::InvalidMode(_) => 42204,
            Refusal::NotPermitted(..) => 42205,
            Refusal::ReferenceExists(..) => 42206,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        let code = self.code();
        let status = if code < 1000 { code } else { code / 100 };
        u16::try_from(status).unwrap_or(500)
    }
}
