# Removal, not upgrade.
if [ "$1" -eq 0 ] && command -v systemctl >/dev/null 2>&1; then
    systemctl --no-reload disable logagent-exporter.service || :
    if [ -d /run/systemd/system ]; then
        systemctl stop logagent-exporter.service || :
    fi
fi
