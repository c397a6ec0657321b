dropin=/etc/systemd/system/logagent-exporter.service.d/old-systemd.conf
if [ "$1" -eq 0 ]; then
    rm -f "$dropin"
    # The package's tool cannot own directories. Files that an administrator has added are kept.
    for directory in "${dropin%/*}" /etc/logagent-exporter /usr/share/logagent-exporter /usr/share/doc/logagent-exporter/examples \
        /usr/share/doc/logagent-exporter /usr/share/licenses/logagent-exporter; do
        rmdir "$directory" 2>/dev/null || :
    done
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        systemctl try-restart logagent-exporter.service || :
    fi
fi
