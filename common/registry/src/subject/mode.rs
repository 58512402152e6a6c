//! The mode of the registry or of a subject: whether schemas can be registered at all.

use super::Subject;
use crate::request::{Request, segment};
use crate::response::{Response, codes, parse_mode};

/// The modes in which a registry assigns no ids to new schemas.
const READ_ONLY_MODES: [&str; 4] = ["READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"];

impl Subject<'_> {
    /// The mode that prevents registration under this subject; `None` where nothing does, or where the registry does not
    /// tell: not all registries have modes.
    pub async fn read_only_mode(self) -> Option<String> {
        const UNSET: &[u32] = &[codes::SUBJECT_NOT_FOUND, codes::MODE_NOT_CONFIGURED];
        let own = format!("/mode/{}?defaultToGlobal=true", segment(self.name));
        // Older registries do not know the parameter.
        for path in [own, "/mode".to_owned()] {
            if let Ok(Response::Success(mode)) = self.transport.send(&Request::get(path, UNSET), parse_mode).await {
                return Some(mode).filter(|mode| READ_ONLY_MODES.contains(&mode.as_str()));
            }
        }
        None
    }
}
