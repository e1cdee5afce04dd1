//! Text that people type, parsed at the door.
