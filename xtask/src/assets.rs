//! The files of a package besides the program: manual pages, and completions for shells.

use std::{fs, io, path::Path};

use clap_complete::Shell;
use logagent_exporter::{cli, model::System};

const PROGRAM: &str = "logagent-exporter";

/// What the command line itself does not contain, at the end of the program's page.
const FILES: &str = r".SH FILES
.TP
/etc/logagent\-exporter/logagent\-exporter.yml
The config file that packages install: what is expected of agents, such as regions, networks and machine groups. All keys are optional.
.TP
/etc/default/logagent\-exporter, /etc/sysconfig/logagent\-exporter
Flags of the service, as variables.
.SH SIGNALS
.TP
SIGHUP
Reloads the config file. An invalid file is rejected and logged; the previous config stays in effect.
.TP
SIGTERM, SIGINT
Terminates the exporter.
.SH SEE ALSO
.BR systemctl (1),
.BR prometheus (1)
";

/// Writes `man/*.1` and `completions/` for bash, zsh, fish and PowerShell below this directory.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    let (pages, completions) = (directory.join("man"), directory.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    let command = cli::definition(System::Linux).disable_help_subcommand(true);
    clap_mangen::generate_to(command.clone(), &pages)?;
    let own = pages.join(format!("{PROGRAM}.1"));
    fs::write(&own, fs::read_to_string(&own)? + FILES)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command.clone(), PROGRAM, &completions)?;
    }
    let mut on_windows = cli::definition(System::Windows).disable_help_subcommand(true);
    clap_complete::generate_to(Shell::PowerShell, &mut on_windows, PROGRAM, &completions)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page_and_every_shell_knows_every_flag() {
        let directory = std::env::temp_dir().join(format!("assets-{}", std::process::id()));
        write(&directory).unwrap();
        let commands = cli::definition(System::Linux);
        for command in commands.get_subcommands() {
            let page = directory.join(format!("man/{PROGRAM}-{}.1", command.get_name()));
            assert!(page.is_file(), "{}", page.display());
        }
        let completions: Vec<_> = fs::read_dir(directory.join("completions")).unwrap().collect();
        assert_eq!(completions.len(), 4);
        for file in completions {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for flag in commands.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(text.contains(flag), "{flag}");
            }
        }
        let on_windows = directory.join(format!("completions/_{PROGRAM}.ps1"));
        assert!(fs::read_to_string(on_windows).unwrap().contains("service;install"));
        let page = fs::read_to_string(directory.join(format!("man/{PROGRAM}.1"))).unwrap();
        assert!(page.contains("SIGHUP") && page.contains(commands.get_version().unwrap()));
        fs::remove_dir_all(directory).unwrap();
    }
}
