//! Which keys are hot: requests are played on the embedded DynamoDB, each unit is charged to its partition, item and index
//! partition, and from what one request costs follows what the hottest keys take at the goal's rates.

pub mod hottest;
pub mod kinds;
pub mod ledger;
pub mod names;
pub mod play;
pub mod rates;
pub mod report;
pub mod snapshot;
pub mod spread;
