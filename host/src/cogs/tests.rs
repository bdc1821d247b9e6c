//! The owner without a library: as a table (stage × message → stage, what is done), and in random order with the host's
//! invariants checked after each step. The life is a script that records the steps and fails where it is supposed to.

mod exchange;
mod hang;
mod lost;
mod publishing;
mod random;
mod renamed;
mod renew;
mod script;
mod table;
