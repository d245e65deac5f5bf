//! An existing environment, and how a request may change it.

use conda::record::PackageRecord;

use super::spec::RequestSpec;

/// What is done with an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Specs join the environment; as little else as possible changes.
    #[default]
    Install,
    /// The requested packages go to their best versions.
    Update,
    /// Everything that was asked for goes to its best version.
    UpdateAll,
    /// Packages leave, and what needs them.
    Remove,
}

/// What happens to the dependencies of the requested packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deps {
    /// They are installed.
    #[default]
    All,
    /// They are left alone; the environment may break.
    None,
    /// Only they are installed.
    Only,
}

/// An existing environment and how a request may change it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What is installed now, one record a name, sorted; virtual packages are not among it.
    pub installed: Vec<PackageRecord>,
    /// Further records of these names, which another tool left behind: they do not count, and leave when the name is
    /// linked again or asked for.
    pub duplicates: Vec<PackageRecord>,
    /// Specs of earlier requests.
    pub history: Vec<RequestSpec>,
    /// What is done.
    pub mode: Mode,
    /// No installed record changes, unless a requested spec does not match it.
    pub freeze_installed: bool,
    /// The installed dependencies of the requested packages are updated with them.
    pub update_deps: bool,
    /// What happens to dependencies.
    pub deps: Deps,
    /// Installed packages that nothing needs leave.
    pub prune: bool,
    /// Nothing is done when each spec matches an installed record and the environment is a valid answer.
    pub satisfied_skip: bool,
    /// Requested records are linked again.
    pub force_reinstall: bool,
    /// Only matching records leave, whatever needs them.
    pub force_remove: bool,
    /// Names that are brought to their best versions with every install or update where they are installed.
    pub aggressive_updates: Vec<String>,
    /// No package that was asked for earlier is removed.
    pub keep_requested: bool,
    /// The same, and the versions of the earlier specs hold.
    pub hold_history: bool,
    /// Installed names that joined the requested: the dependencies that `update_deps` found.
    pub joined: Vec<String>,
}

impl Environment {
    /// Takes what is installed, in any order. Where a name has several records, the first counts.
    pub fn set_installed(&mut self, mut records: Vec<PackageRecord>) {
        records.sort_by(|a, b| a.name.cmp(&b.name));
        for record in records {
            match self
                .installed
                .last()
                .filter(|last| last.name == record.name)
            {
                None => self.installed.push(record),
                Some(counted) if counted.is_same_package(&record) => {}
                Some(_) => self.duplicates.push(record),
            }
        }
    }
}
