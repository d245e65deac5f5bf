//! An edited request as a command line: as a whole new one, or as changes of the line that failed.
//!
//! The new line says everything that the request says, so that it gives the answer of the fix. What the user typed
//! knows more than a request does (where a channel's copy lies, that the target was detected), so an edit also says
//! which words of such a line it changes.

use conda::index::Index;

use super::edit::{virtual_package, CutoffOwner, Edit};
use super::fixes::Fix;
use crate::explain::dates::moment;
use crate::request::{ChannelPriority, Cutoffs, Deps, Environment, Mode, Request, Strategy};

/// One change of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// The option; empty for a spec.
    pub option: &'static str,
    /// The value that goes, as the request says it; `None` for whatever values the option has.
    pub from: Option<String>,
    /// What takes its place; `None` if it only goes.
    pub to: Option<String>,
    /// Whether a line that does not have what goes says something else than the request.
    pub required: bool,
}

impl LineChange {
    fn value(option: &'static str, from: &str, to: Option<&str>) -> Self {
        LineChange {
            option,
            from: Some(from.to_string()),
            to: to.map(ToString::to_string),
            required: true,
        }
    }

    fn any(option: &'static str, to: Option<String>, required: bool) -> Self {
        LineChange {
            option,
            from: None,
            to,
            required,
        }
    }
}

impl Edit {
    /// What the edit changes of the command line of a request.
    pub fn line_changes(&self) -> Vec<LineChange> {
        let value = LineChange::value;
        match self {
            Edit::RenameSpec { from, to, .. } | Edit::RelaxSpec { from, to, .. } => {
                vec![value("", from, Some(to))]
            }
            Edit::DropSpec { spec, .. } => vec![value("", spec, None)],
            Edit::LiftPin { spec, .. } => vec![value("--pin", spec, None)],
            Edit::DropConstraint { spec, .. } => vec![value("--constraint", spec, None)],
            Edit::AddVirtualPackage { package, .. } => vec![LineChange {
                required: false,
                ..value(
                    "--virtual-package",
                    &package.name,
                    Some(&virtual_package(package)),
                )
            }],
            Edit::MoveCutoff { whose, from, to } => {
                let (from, to) = (cutoff(whose, Some(*from)), cutoff(whose, Some(*to)));
                vec![value("--exclude-newer", &from, Some(&to))]
            }
            Edit::FlexiblePriority => vec![LineChange::any(
                "--channel-priority",
                Some("flexible".to_string()),
                false,
            )],
            Edit::LiftFreeze => vec![LineChange::any("--freeze-installed", None, true)],
            Edit::ReleaseEarlier => vec![
                LineChange::any("--keep-requested", None, false),
                LineChange::any("--hold-history", None, false),
            ],
            Edit::LiftDeny { specs } => {
                let gone = specs.iter().map(|spec| value("--deny", spec, None));
                gone.collect()
            }
            Edit::AllowLicense {
                license,
                lifted,
                joins,
            } => {
                let gone = lifted.iter().map(|p| value("--deny-license", p, None));
                let more = joins.then(|| LineChange {
                    from: Some(String::new()),
                    required: false,
                    ..LineChange::any(
                        "--allow-license",
                        Some(license.clone().unwrap_or_default()),
                        false,
                    )
                });
                gone.chain(more).collect()
            }
            Edit::LiftLicenseRule {
                patterns, joins, ..
            } => {
                let gone = patterns.iter().map(|p| value("--deny-license", p, None));
                let more = joins.as_ref().map(|license| LineChange {
                    from: Some(String::new()),
                    required: false,
                    ..LineChange::any("--allow-license", Some(license.clone()), false)
                });
                gone.chain(more).collect()
            }
            Edit::Platform { to, .. } => vec![
                LineChange::any("--virtual-package", None, false),
                LineChange::any("--no-detect", None, false),
                LineChange::any("--platform", Some(to.clone()), false),
            ],
        }
    }
}

impl Fix {
    /// The edited request as a line for a shell (bash, zsh and other POSIX shells). Channels are named as the index
    /// names them; the environment is the active one.
    pub fn command(&self) -> String {
        let lifted = self.edits.iter().any(|e| matches!(e, Edit::LiftPin { .. }));
        command(&self.solution.index, &self.request, lifted)
    }
}

/// A word as a shell reads it back. `=` and `~` begin expansions of zsh, `=` only at the start of a word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The words of a line, quoted.
struct Line(Vec<String>);

impl Line {
    fn option(&mut self, name: &str, value: &str) {
        self.0.extend([name.to_string(), quoted(value)]);
    }

    fn flag(&mut self, name: &str, given: bool) {
        self.0.extend(given.then(|| name.to_string()));
    }
}

fn command(index: &Index, request: &Request, lifted_pin: bool) -> String {
    let Request {
        specs,
        constraints,
        pins,
        virtual_packages,
        channel_priority,
        strategy,
        cutoffs,
        deny,
        // Of no effect on the answer, and of no option.
        deny_reasons: _,
        licenses,
        environment,
    } = request;
    let verb = match environment.as_ref().map(|e| e.mode) {
        None | Some(Mode::Install) => "solve",
        Some(Mode::Update | Mode::UpdateAll) => "update",
        Some(Mode::Remove) => "remove",
    };
    let mut line = Line(vec!["resolvent".to_string(), verb.to_string()]);
    for channel in index.channels().iter().filter(|c| !c.name.is_empty()) {
        line.option("-c", &channel.name);
    }
    line.option("--platform", index.platform());
    for spec in constraints {
        line.option("--constraint", &spec.text);
    }
    for spec in pins {
        line.option("--pin", &spec.text);
    }
    match channel_priority {
        ChannelPriority::Strict => {}
        ChannelPriority::Flexible => line.option("--channel-priority", "flexible"),
        ChannelPriority::Disabled => line.option("--channel-priority", "disabled"),
    }
    match strategy {
        Strategy::Highest => {}
        Strategy::Lowest => line.option("--strategy", "lowest"),
        Strategy::LowestDirect => line.option("--strategy", "lowest-direct"),
        Strategy::Ordered => line.option("--strategy", "ordered"),
    }
    if let Some(environment) = environment {
        environment_options(environment, &mut line);
        // The environment may have the pin in a file, which counts again otherwise; all other pins are said above.
        line.flag("--ignore-pinned", lifted_pin);
    }
    for cutoff in cutoff_values(cutoffs) {
        line.option("--exclude-newer", &cutoff);
    }
    for spec in deny {
        line.option("--deny", &spec.to_string());
    }
    for pattern in licenses.allow.iter().flatten() {
        line.option("--allow-license", pattern);
    }
    for pattern in &licenses.deny {
        line.option("--deny-license", pattern);
    }
    for package in virtual_packages {
        line.option("--virtual-package", &virtual_package(package));
    }
    line.flag("--no-detect", true);
    line.0.extend(specs.iter().map(|spec| quoted(&spec.text)));
    line.0.join(" ")
}

fn environment_options(environment: &Environment, line: &mut Line) {
    let Environment {
        installed,
        history,
        joined: _,
        duplicates: _,
        mode,
        freeze_installed,
        update_deps,
        deps,
        prune,
        satisfied_skip,
        force_reinstall,
        force_remove,
        aggressive_updates,
        keep_requested,
        hold_history,
    } = environment;
    // What the environment is, its prefix says. Where it is, only the caller knows; conda's own variable names the active
    // one. Without anything installed there need not be any.
    if !installed.is_empty() || !history.is_empty() {
        line.0.push("--prefix \"$CONDA_PREFIX\"".to_string());
    }
    line.flag("--all", *mode == Mode::UpdateAll);
    line.flag("--freeze-installed", *freeze_installed);
    line.flag("--update-deps", *update_deps && *mode == Mode::Update);
    match deps {
        Deps::All => {}
        Deps::None => line.option("--deps", "none"),
        Deps::Only => line.option("--deps", "only"),
    }
    line.flag("--prune", *prune);
    line.flag(
        "--satisfied-skip",
        *satisfied_skip && *mode == Mode::Install,
    );
    line.flag(
        "--force-reinstall",
        *force_reinstall && *mode == Mode::Install,
    );
    line.flag("--force", *force_remove && *mode == Mode::Remove);
    for name in aggressive_updates {
        line.option("--aggressive-update", name);
    }
    line.flag("--keep-requested", *keep_requested);
    line.flag("--hold-history", *hold_history);
}

/// All cut-offs, each as the value of an option.
fn cutoff_values(cutoffs: &Cutoffs) -> impl Iterator<Item = String> + '_ {
    let general = cutoffs
        .general
        .map(|at| cutoff(&CutoffOwner::Everything, Some(at)));
    let channels = cutoffs.channels.iter().map(|(name, at)| {
        let whose = CutoffOwner::Channel(name.clone(), name.clone());
        cutoff(&whose, *at)
    });
    let packages = cutoffs.packages.iter().map(|(name, at)| {
        let whose = CutoffOwner::Package(name.clone());
        cutoff(&whose, *at)
    });
    general.into_iter().chain(channels).chain(packages)
}

/// A cut-off as the value of an option: `WHEN`, `NAME=WHEN` or `CHANNEL::*=WHEN`; `never` lifts it.
fn cutoff(whose: &CutoffOwner, at: Option<u64>) -> String {
    let when = at.map_or_else(|| "never".to_string(), moment);
    match whose {
        CutoffOwner::Everything => when,
        CutoffOwner::Channel(key, _) => format!("{key}::*={when}"),
        CutoffOwner::Package(name) => format!("{name}={when}"),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_of_a_shell() {
        assert_eq!(quoted("numpy"), "numpy");
        assert_eq!(quoted("python=3.12"), "python=3.12");
        assert_eq!(quoted("=x"), "'=x'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a >=2"), "'a >=2'");
        assert_eq!(quoted("~/c"), "'~/c'");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}
