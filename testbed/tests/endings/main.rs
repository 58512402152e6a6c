//! How the services end or stop, and recover: full and damaged disks, signals, panics, and wrong clocks.
//! `scripts/test.sh` starts the servers and builds the binaries.

mod clock;
mod damage;
mod panics;
mod signals;
mod small_disk;
