//! How the services come to an end, or to a stop, and go on from there: full and damaged disks, signals, panics, and
//! clocks that are wrong. `scripts/test.sh` starts the servers and builds the binaries.

mod clock;
mod damage;
mod panics;
mod signals;
mod small_disk;
