# Installs or upgrades logagent-exporter.exe, which is next to this script, as a service, with the given flags.
# In PowerShell as an administrator, even if scripts are disabled: powershell -ExecutionPolicy Bypass -File install.ps1
# [--web.listen-address=127.0.0.1:10077 ...] powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall
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
    # Downloaded files are marked, and Windows asks before running them.
    Unblock-File -Path $program
    & $program service install @Flags
}
exit $LASTEXITCODE
