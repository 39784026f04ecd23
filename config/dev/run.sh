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
# A household to be told, so that the story of the past has its messages. Both are fictional and end in the catcher.
CHAUDIERE_ALERT_EMAILS=${CHAUDIERE_ALERT_EMAILS:-famille@example.org}
CHAUDIERE_ALERT_PHONES=${CHAUDIERE_ALERT_PHONES:-+33639980001}
export CHAUDIERE_ALERT_EMAILS CHAUDIERE_ALERT_PHONES
export CHAUDIERE_DIR CHAUDIERE_HOME CHAUDIERE_RUNTIME CHAUDIERE_USER CHAUDIERE_SECRETS

.venv/bin/python -m config.demo

# Not exec: a closed terminal sends HUP, at which supervisord would start anew instead of stopping. Silent: it dies,
# leaving its programs behind, when it cannot write to a closed terminal; its log is a file.
.venv/bin/supervisord --nodaemon --silent -c config/dev/supervisor_dev.conf &
supervisord=$!
trap 'kill -TERM "$supervisord" 2>/dev/null' HUP INT TERM
status=0
wait "$supervisord" || status=$?
# A signal ends `wait` before supervisord has ended its programs.
while kill -0 "$supervisord" 2>/dev/null; do
    status=0
    wait "$supervisord" || status=$?
done
exit "$status"
