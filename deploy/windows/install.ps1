# Installs or upgrades logagent-exporter.exe, which lies beside this script, as a service, with the flags that are given here.
# In PowerShell as an administrator, where scripts are forbidden too:
#   powershell -ExecutionPolicy Bypass -File install.ps1 [--web.listen-address=127.0.0.1:10077 ...]
#   powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall
param(
    [switch] $Uninstall,
    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]] $Flags
)
$ErrorActionPreference = 'Stop'
$program = Join-Path $PSScriptRoot 'logagent-exporter.exe'
if ($Uninstall) {
    & $program service uninstall
} else {
    # What was downloaded is marked, and asked about before it is run.
    Unblock-File -Path $program
    & $program service install @Flags
}
exit $LASTEXITCODE
