//! The error codes of Confluent's API reference that answer a request.

pub(crate) const SUBJECT_NOT_FOUND: u32 = 40401;
pub(crate) const VERSION_NOT_FOUND: u32 = 40402;
pub(crate) const SCHEMA_NOT_FOUND: u32 = 40403;
pub(crate) const LEVEL_NOT_CONFIGURED: u32 = 40408;
pub(crate) const MODE_NOT_CONFIGURED: u32 = 40409;
/// An older server's code for [`INCOMPATIBLE`].
pub(crate) const CONFLICT: u32 = 409;
pub(crate) const INCOMPATIBLE: u32 = 40901;
pub(crate) const INVALID_SCHEMA: u32 = 42201;
/// The registry's mode does not allow it.
pub(crate) const NOT_PERMITTED: u32 = 42205;
