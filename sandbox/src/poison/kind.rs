//! The kinds of invalid records.

use std::fmt;

use clap::ValueEnum;
use orderlog_contract::rejection::Code;

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An empty value
    Empty,
    /// Plain text instead of Avro
    NotAvro,
    /// Only three bytes
    Short,
    /// A schema id that no registry assigns, so nothing repairs it
    UnknownSchemaId,
    /// A valid record of a newer schema that nobody has registered: register it, and replay
    UnregisteredSchema,
    /// A record of another schema
    OtherSchema,
    /// A valid record without its last byte
    CutOff,
    /// A valid record with one more byte
    Longer,
    /// A total that does not add up
    WrongTotal,
    /// A key that is not the order id
    WrongKey,
    /// A valid record in the wrong partition
    WrongPartition,
    /// A delivered order that becomes new again
    IllegalStep,
}

impl Kind {
    /// The code that such a record is dead-lettered with.
    pub fn code(self) -> Code {
        match self {
            Self::Empty | Self::NotAvro | Self::Short => Code::NotFramed,
            Self::UnknownSchemaId | Self::UnregisteredSchema => Code::UnknownSchemaId,
            Self::OtherSchema => Code::WrongSchema,
            Self::CutOff | Self::Longer => Code::Undecodable,
            Self::WrongTotal => Code::InvalidOrder,
            Self::WrongKey => Code::KeyMismatch,
            Self::WrongPartition => Code::WrongPartition,
            Self::IllegalStep => Code::IllegalTransition,
        }
    }
}

/// The name, as the flag `--kind` takes it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}
