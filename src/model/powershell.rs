//! The commands of remedies on Windows.
//!
//! Remedies are written once, with the commands of Linux. Each command has its equivalent here, by its exact text in
//! backquotes. A test finds commands that also apply to Windows and have no equivalent.

/// The Windows equivalent of a Linux command; placeholders are the same.
pub fn translated(command: &str) -> Option<&'static str> {
    COMMANDS.iter().find(|(linux, _)| *linux == command).map(|(_, windows)| *windows)
}

/// True for a Windows command: `Verb-Noun`, or one of its programs.
pub fn is_command(code: &str) -> bool {
    let mut words = code.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let is_capitalised = |word: &str| {
        word.len() > 1
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_cmdlet =
        first.split_once('-').is_some_and(|(verb, noun)| is_capitalised(verb) && is_capitalised(noun));
    is_cmdlet || PROGRAMS.contains(&first) && words.next().is_some() || first.starts_with("[IO.File]::")
}

const PROGRAMS: &[&str] = &["w32tm", "curl.exe", "certutil", "sc.exe"];

const OUTBOUND: &str = "Get-NetFirewallRule -Direction Outbound -Action Block -Enabled True";
const ADDRESSES: &str = "Get-NetIPAddress -AddressFamily IPv4";
const PROCESSES: &str = "Get-CimInstance Win32_Process | Select-Object ProcessId, ParentProcessId, CreationDate, \
                         CommandLine | Where-Object CommandLine -match 'logtail|loglistener'";
const MEMORY: &str = "Get-WinEvent -MaxEvents 5 -FilterHashtable @{LogName='System'; Id=2004}";
const TIME_STATUS: &str = "w32tm /query /status";
const TIME_NOW: &str = "w32tm /resync /force";
const TIME_SERVICE: &str = "Set-Service w32time -StartupType Automatic -PassThru | Start-Service";
const AUTHORITIES: &str = "certutil -generateSSTFromWU roots.sst";
const WITHOUT_BOM: &str = "[IO.File]::WriteAllText({config}, [IO.File]::ReadAllText({config}))";
const DELETED: &str = "Get-Process | Sort-Object Handles -Descending | Select-Object -First 10";

const COMMANDS: &[(&str, &str)] = &[
    ("cat -A {identifiers_file}", "Format-Hex -Path {identifiers_file}"),
    ("cat /etc/resolv.conf", "Get-DnsClientServerAddress -AddressFamily IPv4"),
    ("cat {record}", "Get-Content -Path {record}"),
    ("chronyc makestep", TIME_NOW),
    ("chronyc tracking", TIME_STATUS),
    ("date -u", "Get-Date -Format o"),
    ("df -h", "Get-Volume"),
    ("df -h {directory}", "Get-Volume -FilePath {directory}"),
    ("df -h {install_dir}", "Get-Volume -FilePath {install_dir}"),
    ("df -i {directory}", "Get-Volume -FilePath {directory}"),
    ("df -i {install_dir}", "Get-Volume -FilePath {install_dir}"),
    ("getent ahosts {host}", "Resolve-DnsName -Name {host}"),
    ("getent ahostsv4 $(hostname)", "Resolve-DnsName -Type A -Name $env:COMPUTERNAME"),
    ("getent ahostsv4 {hostname}", "Resolve-DnsName -Type A -Name {hostname}"),
    (
        "grep 'Resource used by program exceeds' {log_file} | tail -n 3",
        "Select-String -Path {log_file} -Pattern 'Resource used by program exceeds' | Select-Object -Last 3",
    ),
    (r#"grep '"ip"' {record_file}"#, r#"Select-String -Path {record_file} -Pattern '"ip"'"#),
    (
        "grep 'host ip changed during running' {log_file} | tail -n 3",
        "Select-String -Path {log_file} -Pattern 'host ip changed during running' | Select-Object -Last 3",
    ),
    (
        "grep -A 30 'last logtail crash stack' {log_file} | tail -n 40",
        "Select-String -Path {log_file} -Pattern 'last logtail crash stack' -Context 0,30 | Select-Object -Last 1",
    ),
    (
        "grep -E 'open (plugin base dl|adapter lib) error' {log_file} | tail -n 1",
        "Select-String -Path {log_file} -Pattern 'open (plugin base dl|adapter lib) error' | Select-Object -Last 1",
    ),
    (
        "grep -iE 'check ?point' {log_file} | tail -n 5",
        "Select-String -Path {log_file} -Pattern 'check ?point' | Select-Object -Last 5",
    ),
    ("grep -n {hostname} {hosts_file}", "Select-String -Path {hosts_file} -SimpleMatch {hostname}"),
    (
        r"grep -qxF {identifier} {identifiers_file} || printf '\n%s\n' {identifier} | sudo tee -a {identifiers_file}",
        "Add-Content -Path {identifiers_file} -Encoding Ascii -Value {identifier}",
    ),
    (
        "grep {code} {log_file} | tail -n 3",
        "Select-String -Path {log_file} -SimpleMatch {code} | Select-Object -Last 3",
    ),
    ("ip -4 addr show", ADDRESSES),
    ("ip -4 addr show scope global", ADDRESSES),
    ("ip link show", "Get-NetAdapter -IncludeHidden"),
    ("ip route show", "Get-NetRoute -AddressFamily IPv4"),
    ("last -x | head", "Get-WinEvent -MaxEvents 10 -FilterHashtable @{LogName='System'; Id=6005,6006,6008}"),
    ("ldd {binary}", "Get-Item -Path {binary} | Format-List VersionInfo"),
    ("logagent-exporter check", "logagent-exporter check"),
    ("ls -A {users_dir}", "Get-ChildItem -Force -Path {users_dir}"),
    ("ls -l {binary}", "Get-Item -Path {binary}"),
    ("ls -ld {config}", "Get-Item -Path {config}"),
    ("ls -ld {install_dir}", "Get-Item -Path {install_dir}"),
    (
        r"printf '%s\n' {identifier} | sudo tee -a {identifiers_file}",
        "Add-Content -Path {identifiers_file} -Encoding Ascii -Value {identifier}",
    ),
    (
        r"printf '%s\n' {identifier} | sudo tee {identifiers_file}",
        "Set-Content -Path {identifiers_file} -Encoding Ascii -Value {identifier}",
    ),
    ("ps -eo pid,ppid,lstart,args", PROCESSES),
    ("ps -eo pid,ppid,lstart,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'", PROCESSES),
    (
        "ps -eo pid,rss,pcpu,args | grep -E '[i]logtail|[l]oongcollector|[l]oglistener'",
        "Get-Process -Name *logtail*, *loglistener* | Select-Object Id, WorkingSet64, CPU, Path",
    ),
    ("ps -o pid,ppid,stat,args -p {pid}", "Get-Process -Id {pid}"),
    ("ps -o pid,stat,args -p {pid}", "Get-Process -Id {pid}"),
    ("python3 -m json.tool {config_file}", "Get-Content -Raw -Path {config_file} | ConvertFrom-Json"),
    ("sudo apt-get install --only-upgrade ca-certificates", AUTHORITIES),
    ("sudo cat {identity_file}", "Get-Content -Path {identity_file}"),
    ("sudo chronyc makestep", TIME_NOW),
    ("sudo dmesg -T | grep -i 'killed process'", MEMORY),
    ("sudo dmesg -T | grep -i -E 'killed process|out of memory'", MEMORY),
    (
        "sudo du -xh --max-depth=2 {directory} | sort -h | tail",
        "Get-ChildItem -Recurse -File -Path {directory} | Sort-Object Length | Select-Object -Last 10 FullName, Length",
    ),
    ("sudo iptables -S OUTPUT", OUTBOUND),
    (
        "sudo journalctl --since '15 min ago' -u chronyd -u chrony -u ntpd -u systemd-timesyncd",
        "Get-WinEvent -MaxEvents 20 -FilterHashtable @{LogName='System'; ProviderName='Microsoft-Windows-Time-Service'}",
    ),
    ("sudo lsof +L1", DELETED),
    ("sudo mkdir -p {users_dir}", "New-Item -ItemType Directory -Force -Path {users_dir}"),
    ("sudo mv {config} {config}.wrong", "Move-Item -Path {config} -Destination $env:TEMP"),
    ("sudo nft list ruleset", OUTBOUND),
    ("sudo ntpdate -u ntp.aliyun.com", "w32tm /stripchart /computer:ntp.aliyun.com /samples:3 /dataonly"),
    ("sudo rm {identity_file}", "Remove-Item -Path {identity_file}"),
    (r"sudo sed -i '1s/^\xEF\xBB\xBF//' {config}", WITHOUT_BOM),
    (
        r"sudo sed -i -e '1s/^\xEF\xBB\xBF//' -e 's/[\r\t]//g' {identifiers_file}",
        "[IO.File]::WriteAllText({identifiers_file}, ([IO.File]::ReadAllText({identifiers_file}) -replace '[\\r\\t]'))",
    ),
    ("sudo systemctl enable --now chronyd", TIME_SERVICE),
    ("sudo systemctl reload logagent-exporter", "Restart-Service logagent-exporter"),
    (
        "sudo timedatectl set-ntp true",
        "w32tm /config /syncfromflags:manual /manualpeerlist:ntp.aliyun.com /update",
    ),
    (
        "sudo touch {users_dir}/{account_id}",
        "New-Item -ItemType File -Force -Path {users_dir} -Name {account_id}",
    ),
    ("sudo yum update ca-certificates", AUTHORITIES),
    ("timedatectl", TIME_STATUS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    #[test]
    fn every_command_is_there_once_and_has_the_same_placeholders_on_windows() {
        for (index, (linux, windows)) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS.iter().skip(index + 1).all(|(other, _)| other != linux),
                "{linux} is there twice"
            );
            let names = |command| Text { en: command, zh: "" }.placeholders(crate::model::Language::English);
            let (of_linux, of_windows) = (names(linux), names(windows));
            assert!(of_windows.iter().all(|name| of_linux.contains(name)), "{linux}: {windows}");
            assert!(is_command(windows) || windows.starts_with("logagent-exporter "), "{windows}");
            assert!(!windows.contains(['`', '‘']), "{windows}: what ends the backquotes");
        }
    }

    #[test]
    fn commands_are_told_from_words() {
        for command in
            ["Get-Service LogtailDaemon", "Get-NetAdapter", "w32tm /resync", "[IO.File]::Copy('a', 'b')"]
        {
            assert!(is_command(command), "{command}");
        }
        for other in ["x-log-requestid", "LogtailDaemon", "w32tm", "OLS-", ""] {
            assert!(!is_command(other), "{other}");
        }
    }
}
