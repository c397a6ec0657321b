# systemd before 239 needs a drop-in; the reason is in that file. Written before the first start, and only if the
# administrator has none.
dropin=/etc/systemd/system/logagent-exporter.service.d/old-systemd.conf
version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ -n "$version" ] && [ "$version" -lt 239 ] && [ ! -e "$dropin" ]; then
    mkdir -p "${dropin%/*}"
    cp /usr/share/logagent-exporter/old-systemd.conf "$dropin"
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
fi
# First installation: enabled and started, as the package for Debian does. A preset takes precedence.
if [ "$1" -eq 1 ] && command -v systemctl >/dev/null 2>&1; then
    systemctl --no-reload preset logagent-exporter.service || :
    if [ -d /run/systemd/system ] && systemctl is-enabled --quiet logagent-exporter.service; then
        systemctl start logagent-exporter.service || :
    fi
fi
