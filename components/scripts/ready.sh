# Wait until cloud-init has finished. When it failed, show its own words and fail.
set -eu

result=0
timeout 900 cloud-init status --wait >/dev/null 2>&1 || result=$?
# From 23.4 on, 2 says: finished, with errors that it recovered from.
[ "$result" -eq 0 ] && exit 0
[ "$result" -eq 2 ] && cloud-init --version 2>&1 | awk '{exit !($2 + 0 >= 23.4)}' && exit 0

{
    if [ "$result" -eq 124 ]; then
        echo "cloud-init did not finish within 15 minutes. The server is not used. What it is doing:"
    else
        echo "cloud-init failed. The server is not used. What it says:"
    fi
    cloud-init status --long || true
    echo "Problems in /var/log/cloud-init.log:"
    grep -E 'WARNING|ERROR|CRITICAL' /var/log/cloud-init.log | tail -n 10 || true
    echo "The end of /var/log/cloud-init-output.log:"
    grep -vE '^(ci-info:|<14>|-----|ssh-|ecdsa-)' /var/log/cloud-init-output.log | tail -n 20 || true
    echo "Correct the cause, then replace the server, or mend it and run 'pulumi up' again."
} >&2
exit 1
