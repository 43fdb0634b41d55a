#!/bin/sh
# Links the package that is baked into the image into n8n's own folder, then starts n8n as the image does.
# This runs at every start, because a volume on /home/node/.n8n hides what the image has there.
set -eu

package="${POCKETSFLOW_HOME:-/opt/pocketsflow}/node_modules/n8n-nodes-pocketsflow"
installed="${N8N_USER_FOLDER:-$HOME}/.n8n/nodes/node_modules"

mkdir -p "$installed"
rm -rf "$installed/n8n-nodes-pocketsflow"
ln -s "$package" "$installed/n8n-nodes-pocketsflow"
exec "${N8N_ENTRYPOINT:-/docker-entrypoint.sh}" "$@"
