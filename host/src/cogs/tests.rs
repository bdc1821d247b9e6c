//! The owner without a library: as a table (stage × message → stage, what is done), and in random order with the host's
//! invariants after each step. The life is a script that notes what it is asked and fails where it shall.

mod hang;
mod lost;
mod publishing;
mod random;
mod renew;
mod script;
mod table;
