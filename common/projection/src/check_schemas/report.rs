//! The report of `check-schemas`. Pure.

use std::fmt;

use orderlog_registry::RegistrationStatus;
use orderlog_registry::config::SchemasMode;

/// The result.
#[derive(Debug)]
pub struct Report {
    pub(super) subject: String,
    pub(super) registry: String,
    pub(super) mode: SchemasMode,
    /// Why the versions are incompatible with each other, whatever the registry holds.
    pub(super) conflicts: Vec<String>,
    pub(super) versions: Vec<(String, RegistrationStatus)>,
}

impl Report {
    /// Whether the release can be rolled out.
    pub fn is_fine(&self) -> bool {
        let may_be_missing = self.mode == SchemasMode::Register;
        self.conflicts.is_empty()
            && self.versions.iter().all(|(_, status)| match status {
                RegistrationStatus::Registered {
                    incompatible_versions, ..
                } => incompatible_versions.is_empty(),
                RegistrationStatus::Registrable => may_be_missing,
                RegistrationStatus::ReadOnly(_) | RegistrationStatus::Incompatible(_) => false,
            })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subject {} of the registry at {}", self.subject, self.registry)?;
        for (name, status) in &self.versions {
            write!(f, "\n{name}: ")?;
            match status {
                RegistrationStatus::Registered {
                    id,
                    version,
                    incompatible_versions,
                } => {
                    write!(f, "registered with id {id}")?;
                    version.map_or(Ok(()), |version| write!(f, " as version {version}"))?;
                    if !incompatible_versions.is_empty() {
                        f.write_str(", but incompatible with other versions of the subject")?;
                        write_reasons(f, incompatible_versions)?;
                    }
                }
                RegistrationStatus::Registrable | RegistrationStatus::ReadOnly(_)
                    if self.mode == SchemasMode::Verify =>
                {
                    f.write_str("missing, and SCHEMAS=verify does not register schemas")?;
                }
                RegistrationStatus::Registrable if !self.conflicts.is_empty() => {
                    f.write_str("not registered; see below")?
                }
                RegistrationStatus::Registrable => f.write_str("can be registered")?,
                RegistrationStatus::ReadOnly(mode) => {
                    write!(f, "compatible, but the registry accepts no schemas in mode {mode}")?;
                }
                RegistrationStatus::Incompatible(reasons) => {
                    f.write_str("incompatible")?;
                    write_reasons(f, reasons)?;
                }
            }
        }
        if !self.conflicts.is_empty() {
            f.write_str("\nthe versions of this release are incompatible with each other")?;
            write_reasons(f, &self.conflicts)?;
        }
        Ok(())
    }
}

fn write_reasons(f: &mut fmt::Formatter<'_>, reasons: &[String]) -> fmt::Result {
    reasons.iter().try_for_each(|reason| write!(f, "\n    {reason}"))
}

#[cfg(test)]
mod tests {
    use orderlog_contract::lineage;

    use super::*;

    fn report(mode: SchemasMode, status: RegistrationStatus) -> Report {
        Report {
            subject: "orders-value".to_owned(),
            registry: "http://registry".to_owned(),
            mode,
            conflicts: Vec::new(),
            versions: vec![("v1.avsc".to_owned(), status)],
        }
    }

    fn registered(reasons: &[&str]) -> RegistrationStatus {
        RegistrationStatus::Registered {
            id: 7,
            version: Some(2),
            incompatible_versions: reasons.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_version_has_a_line_and_its_reasons_are_indented() {
        let status = RegistrationStatus::Incompatible(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(
            report(SchemasMode::Register, status).to_string(),
            "subject orders-value of the registry at http://registry\nv1.avsc: incompatible\n    one\n    two"
        );
        for (status, line) in [
            (registered(&[]), "registered with id 7 as version 2"),
            (
                registered(&["one"]),
                "registered with id 7 as version 2, but incompatible with other versions of the subject\n    one",
            ),
            (
                RegistrationStatus::ReadOnly("IMPORT".to_owned()),
                "compatible, but the registry accepts no schemas in mode IMPORT",
            ),
        ] {
            let shown = report(SchemasMode::Register, status).to_string();
            assert!(shown.ends_with(&format!("\nv1.avsc: {line}")), "{shown}");
        }
    }

    #[test]
    fn a_missing_version_is_fine_only_if_it_will_be_registered() {
        assert!(report(SchemasMode::Register, RegistrationStatus::Registrable).is_fine());
        let verified = report(SchemasMode::Verify, RegistrationStatus::Registrable);
        assert!(
            !verified.is_fine() && verified.to_string().contains("missing"),
            "{verified}"
        );
        for mode in [SchemasMode::Register, SchemasMode::Verify] {
            assert!(report(mode, registered(&[])).is_fine());
            assert!(!report(mode, registered(&["a reason"])).is_fine());
            assert!(!report(mode, RegistrationStatus::ReadOnly("READONLY".to_owned())).is_fine());
            assert!(!report(mode, RegistrationStatus::Incompatible(Vec::new())).is_fine());
        }
    }

    #[test]
    fn versions_that_do_not_read_each_other_are_not_fine_whatever_the_registry_holds() {
        assert_eq!(lineage::conflicts(lineage::LINEAGE), [""; 0]);
        let with_another_field = r#"{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}"#;
        let conflicts = lineage::conflicts(&[r#"{"type":"record","name":"R","fields":[]}"#, with_another_field]);
        assert!(
            conflicts
                .iter()
                .any(|reason| reason.contains("v2.avsc reading v1.avsc")),
            "{conflicts:?}"
        );
        let report = Report {
            conflicts,
            ..report(SchemasMode::Register, RegistrationStatus::Registrable)
        };
        assert!(
            !report.is_fine() && report.to_string().contains("incompatible with each other"),
            "{report}"
        );
        assert!(lineage::conflicts(&["no schema"])[0].contains("v1.avsc cannot be parsed"));
    }
}
