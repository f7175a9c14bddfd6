# The environment of this checkout and its sandbox, for sh, bash, dash and zsh:   . ./env.sh
# Quiet when all is well. `pulumi preview -s local` and the others work afterwards, from any folder of the checkout.
#
# A PULUMI_BACKEND_URL of your own means that you work on real stacks: then state, plugins, tokens and endpoints stay yours too, and
# only PATH is set. One that an env.sh has set before, of this checkout or another, does not count as your own.

_flotilla_env() {
    # bash and zsh tell a sourced file its own name; other shells do not, there it is sourced from the checkout.
    if [ -n "${BASH_VERSION:-}" ]; then
        eval '_flotilla_checkout=$(dirname -- "${BASH_SOURCE[0]}")'
    elif [ -n "${ZSH_VERSION:-}" ]; then
        eval '_flotilla_checkout=$(dirname -- "${(%):-%x}")'
    else
        _flotilla_checkout=.
    fi
    _flotilla_checkout=$(CDPATH='' cd -- "$_flotilla_checkout" && pwd -P)
    _flotilla_home=$_flotilla_checkout/.flotilla

    if [ ! -f "$_flotilla_checkout/toolchain/setup.py" ]; then
        echo "env.sh: $_flotilla_checkout is not a checkout of Flotilla. Nothing was set. Go to the checkout and source it there." >&2
        return 1
    fi
    if [ ! -f "$_flotilla_home/toolchain/engine.json" ]; then
        echo "env.sh: $_flotilla_checkout was never set up. Nothing was set. Run \`make up\` in it." >&2
        return 1
    fi

    _flotilla_folders=$_flotilla_checkout/.venv/bin:$_flotilla_home/toolchain/bin
    case $PATH in
        "$_flotilla_folders:"*) ;;
        *) PATH=$_flotilla_folders:$PATH ;;
    esac
    export PATH PULUMI_SKIP_UPDATE_CHECK=true

    case ${PULUMI_BACKEND_URL:-} in
        '' | file://*/.flotilla/pulumi) ;;
        *)
            echo "env.sh: PULUMI_BACKEND_URL is your own ($PULUMI_BACKEND_URL): only PATH was set. Unset it to use the sandbox." >&2
            return 0
            ;;
    esac
    export PULUMI_HOME="$_flotilla_home/pulumi-home"
    export PULUMI_BACKEND_URL="file://$_flotilla_home/pulumi"
    # The sandbox's state is encrypted with this passphrase; one in the environment would be preferred and be wrong.
    unset PULUMI_CONFIG_PASSPHRASE
    export PULUMI_CONFIG_PASSPHRASE_FILE="$_flotilla_checkout/sandbox/passphrase"

    # Anchored to the whole line: instance.json is written by sandbox/instance.py with one field a line.
    _flotilla_block=$(sed -n 's/^ *"block": *\([0-9][0-9]*\),\{0,1\}$/\1/p' "$_flotilla_home/instance.json" 2>/dev/null)
    if [ -z "$_flotilla_block" ] || [ ! -f "$_flotilla_home/secrets/hcloud.token" ]; then
        echo "env.sh: the sandbox of $_flotilla_checkout was never started. Its tokens are not set. Run \`make up\`." >&2
        return 1
    fi
    HCLOUD_TOKEN=$(cat "$_flotilla_home/secrets/hcloud.token")
    CLOUDFLARE_API_TOKEN=$(cat "$_flotilla_home/secrets/cloudflare.token")
    export HCLOUD_TOKEN CLOUDFLARE_API_TOKEN
    export HCLOUD_ENDPOINT="http://127.10.$_flotilla_block.1:8001/v1"
    export CLOUDFLARE_BASE_URL="http://127.10.$_flotilla_block.1:8002/client/v4"
}

if _flotilla_env; then _flotilla_status=0; else _flotilla_status=1; fi
unset -f _flotilla_env
unset _flotilla_checkout _flotilla_home _flotilla_folders _flotilla_block
# The status of `.` is that of its last command: 0, or 1 with a line that said why.
if [ "$_flotilla_status" = 0 ]; then unset _flotilla_status; else unset _flotilla_status && false; fi
