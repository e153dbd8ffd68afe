#!/bin/sh
# Makes the secrets of compose.yaml in the folder `secrets` beside it, or in the folder that is named. What is there
# already stays as it is. Only the owner gets into the folder; the files themselves may be read by any user of a container
# that is given one, for each image has a user of its own.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # NAME: what comes in becomes that secret, unless it is there
    if [ -e "$folder/$1" ]; then
        cat >/dev/null
        echo "kept   $folder/$1"
    else
        cat >"$folder/$1"
        chmod 444 "$folder/$1"
        echo "made   $folder/$1"
    fi
}

random | keep postgres_password
printf 'postgresql://mtf:%s@postgres:5432/mtf\n' "$(cat "$folder/postgres_password")" | keep database_url
printf 'requirepass %s\n' "$(random)" | keep redis_conf
printf 'redis://:%s@redis:6379/0\n' "$(sed -n 's/^requirepass //p' "$folder/redis_conf")" | keep redis_url
random | keep api_token
random | keep grafana_password
