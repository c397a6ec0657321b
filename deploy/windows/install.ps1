# Installs or upgrades logagent-exporter.exe, which lies beside this script, as a service of a virtual account; -Uninstall removes it.
# In PowerShell as an administrator:
#   .\install.ps1 [-Arguments '--web.listen-address=:10077'] [-Uninstall]
param(
    [string] $Arguments = '',
    [switch] $Uninstall
)
$ErrorActionPreference = 'Stop'
$name = 'logagent-exporter'
$directory = Join-Path $env:ProgramFiles $name
$data = Join-Path $env:ProgramData $name
$program = Join-Path $directory "$name.exe"
$config = Join-Path $data "$name.yml"

function Invoke-Sc {
    & sc.exe @args | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "sc.exe $args failed: $LASTEXITCODE" }
}

if (Get-Service $name -ErrorAction SilentlyContinue) {
    Stop-Service $name
    if ($Uninstall) { Invoke-Sc delete $name }
}
if ($Uninstall) {
    Remove-Item -Recurse -Force $directory -ErrorAction SilentlyContinue
    Write-Output "$name is removed; $data is kept"
    return
}
New-Item -ItemType Directory -Force $directory, $data | Out-Null
Copy-Item -Force (Join-Path $PSScriptRoot "$name.exe") $program
$command = "`"$program`""
if (Test-Path $config) { $command += " --config.file=`"$config`"" }
if ($Arguments) { $command += " $Arguments" }
if (-not (Get-Service $name -ErrorAction SilentlyContinue)) {
    New-Service -Name $name -BinaryPathName $command -StartupType Automatic -DisplayName 'Log agent exporter' `
        -Description 'Heartbeat prerequisites of log-collection agents, for Prometheus' | Out-Null
}
# An account of its own without rights but those of every service.
Invoke-Sc config $name binPath= $command obj= "NT SERVICE\$name"
Invoke-Sc failure $name reset= 86400 actions= restart/5000/restart/5000/restart/60000
Invoke-Sc failureflag $name 1
Start-Service $name
Get-Service $name
