//! Tests of the whole: the rules of the house, and consortia of real programs.

#[cfg(test)]
mod anonymous_survey;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod assessment;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod calpads_report;
#[cfg(test)]
mod charter;
#[cfg(test)]
mod correcting;
#[cfg(test)]
mod crossing;
#[cfg(test)]
mod data_sets;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod deciding;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod edfi;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod export;
#[cfg(test)]
mod extract;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod group;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod measures_document;
#[cfg(test)]
mod node_page;
#[cfg(test)]
mod own_measure;
#[cfg(test)]
mod pushdown;
#[cfg(test)]
mod raw_tables;
#[cfg(test)]
mod rejoin;
#[cfg(test)]
mod roster_delta;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod survey;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod warehouse;
#[cfg(test)]
mod warehouse_pushdown;
#[cfg(test)]
mod warehouse_tls;
