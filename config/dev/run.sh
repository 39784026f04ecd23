#!/bin/sh
# make run: the whole product in a folder, with the simulated boiler, in the foreground until Ctrl-C.
set -eu
cd "${0%/*}/../.."
config/setup.sh run

CHAUDIERE_DIR=$PWD
CHAUDIERE_HOME=${CHAUDIERE_HOME:-$PWD/var/demo}
CHAUDIERE_RUNTIME=${CHAUDIERE_RUNTIME:-$CHAUDIERE_HOME/run}
CHAUDIERE_USER=$(id -un)
# Never an installation's settings: this boiler is simulated.
CHAUDIERE_SECRETS=
export CHAUDIERE_DIR CHAUDIERE_HOME CHAUDIERE_RUNTIME CHAUDIERE_USER CHAUDIERE_SECRETS

.venv/bin/python -m config.demo
exec .venv/bin/supervisord -n -c config/dev/supervisor_dev.conf
