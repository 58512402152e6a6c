//! One problem with a schema, or between two: the rule, the path and a message. The rules are elsewhere.

use std::fmt;

use crate::matching::Mismatch;

/// The rule that is broken. It is shown as a word in capitals; for Avro's own rules, that is the name in Avro's Java
/// library, which tools look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasonKind {
    /// A value of the writer's type is not one of the reader's.
    TypeMismatch,
    /// Records, enums or fixed types have different names, and no alias helps.
    NameMismatch,
    /// Fixed types have different sizes.
    FixedSizeMismatch,
    /// The reader's enum lacks symbols of the writer's, and has no default.
    MissingEnumSymbols,
    /// The reader's union has no branch for the writer's type.
    MissingUnionBranch,
    /// The writer does not write a field of the reader's, and it has no default.
    ReaderFieldMissingDefaultValue,
    /// The writer's logical type differs from the reader's. (Only for reading; a registry does not check it.)
    LogicalTypeMismatch,
    /// A default is not a value of its type.
    DefaultMismatch,
    /// One name is used for several types or fields.
    AliasCollision,
    /// [House rule](crate::compatibility::house_rules()): a record, a field or an enum has no `doc`.
    DocMissing,
    /// House rule: an enum has no default.
    EnumDefaultMissing,
    /// House rule: a logical type has no effect.
    LogicalTypeIgnored,
    /// House rule: a type has a different full name than before.
    FullNameChanged,
    /// House rule: a type is of a different kind than before.
    TypeChanged,
    /// House rule: a type has a different logical type than before.
    LogicalTypeChanged,
    /// House rule: an enum has a different default than before.
    EnumDefaultChanged,
    /// House rule: an enum has lost a symbol.
    EnumSymbolRemoved,
    /// House rule: an enum's symbols are in a different order than before.
    EnumSymbolMoved,
    /// House rule: a union's branches were reordered.
    UnionReordered,
    /// House rule: a field has a different default than before.
    FieldDefaultChanged,
    /// House rule: a field has been renamed.
    Renamed,
}

impl ReasonKind {
    /// Its name, such as `TYPE_MISMATCH`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::NameMismatch => "NAME_MISMATCH",
            Self::FixedSizeMismatch => "FIXED_SIZE_MISMATCH",
            Self::MissingEnumSymbols => "MISSING_ENUM_SYMBOLS",
            Self::MissingUnionBranch => "MISSING_UNION_BRANCH",
            Self::ReaderFieldMissingDefaultValue => "READER_FIELD_MISSING_DEFAULT_VALUE",
            Self::LogicalTypeMismatch => "LOGICAL_TYPE_MISMATCH",
            Self::DefaultMismatch => "DEFAULT_MISMATCH",
            Self::AliasCollision => "ALIAS_COLLISION",
            Self::DocMissing => "DOC_MISSING",
            Self::EnumDefaultMissing => "ENUM_DEFAULT_MISSING",
            Self::LogicalTypeIgnored => "LOGICAL_TYPE_IGNORED",
            Self::FullNameChanged => "FULL_NAME_CHANGED",
            Self::TypeChanged => "TYPE_CHANGED",
            Self::LogicalTypeChanged => "LOGICAL_TYPE_CHANGED",
            Self::EnumDefaultChanged => "ENUM_DEFAULT_CHANGED",
            Self::EnumSymbolRemoved => "ENUM_SYMBOL_REMOVED",
            Self::EnumSymbolMoved => "ENUM_SYMBOL_MOVED",
            Self::UnionReordered => "UNION_REORDERED",
            Self::FieldDefaultChanged => "FIELD_DEFAULT_CHANGED",
            Self::Renamed => "RENAMED",
        }
    }
}

impl fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Mismatch> for ReasonKind {
    fn from(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::Kind => Self::TypeMismatch,
            Mismatch::Name => Self::NameMismatch,
            Mismatch::FixedSize(..) => Self::FixedSizeMismatch,
            Mismatch::LogicalType => Self::LogicalTypeMismatch,
        }
    }
}

/// One thing that a reader cannot read, or that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub kind: ReasonKind,
    /// The field, such as `order.items[].quantity`; empty for the schema itself.
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
}

impl Reason {
    pub(super) fn new(kind: ReasonKind, path: &str, text: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(schema)" } else { &self.path };
        write!(f, "{} at {path}: {}", self.kind, self.text)
    }
}
