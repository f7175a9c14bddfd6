# Wait until cloud-init has finished, and print the server's public host key. When it failed, show its own words and fail.
set -eu

finish() {
    cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub
    exit
}

result=0
timeout 900 cloud-init status --wait >/dev/null 2>&1 || result=$?
# From 23.4 on, 2 says: finished, with errors that it recovered from.
[ "$result" -eq 0 ] && finish
[ "$result" -eq 2 ] && cloud-init --version 2>&1 | awk '{exit !($2 + 0 >= 23.4)}' && finish

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
