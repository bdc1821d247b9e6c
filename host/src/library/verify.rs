//! Provisional.
use super::copy::PrivateCopy;
use gearshift_cog::manifest::Manifest;
use std::path::Path;
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct VerifyError(String);
impl VerifyError {
    pub fn help(&self) -> Option<String> {
        None
    }
}
pub struct Verified {
    pub manifest: Manifest,
    pub notes: Vec<String>,
}
pub fn verify(copy: &PrivateCopy) -> Result<Verified, VerifyError> {
    Ok(Verified { manifest: manifest_of(copy.path())?, notes: vec![] })
}
pub fn manifest_of(path: &Path) -> Result<Manifest, VerifyError> {
    use object::{Object, ObjectSection};
    let bytes = std::fs::read(path).map_err(|e| VerifyError(e.to_string()))?;
    let file = object::File::parse(&*bytes).map_err(|e| VerifyError(e.to_string()))?;
    let section = file.section_by_name(".gearshift").ok_or_else(|| VerifyError("not a cog".into()))?;
    Manifest::parse(section.data().map_err(|e| VerifyError(e.to_string()))?)
        .map_err(|e| VerifyError(e.to_string()))
}
