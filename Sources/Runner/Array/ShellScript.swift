/// `sh map.sh FOLDER WORKERS SOURCE INITIALIZATION FUNCTION`: sources the code once, and keeps workers that run the
/// function in a subshell for each element. Nothing but what POSIX's shell has.
enum ShellScript {
    static let name = "map.sh"

    static let text = #"""
        batchport_folder=$1 batchport_workers=$2 batchport_source=$3 batchport_initialization=$4 batchport_function=$5
        set --
        . "$batchport_source"
        [ -z "$batchport_initialization" ] || . "$batchport_initialization"
        if ! command -v "$batchport_function" >/dev/null 2>&1; then
            # It stands in a JSON string there.
            case $batchport_function in *[\\\"]*) batchport_function='of that name' ;; esac
            printf 'unloadable "The code defines no function %s, and the image has no such program."\n' "$batchport_function" >"$batchport_folder/control"
            exit 1
        fi
        case $- in *e*) batchport_stops=yes ;; *) batchport_stops= ;; esac
        set +e

        batchport_evaluate() {
            exec 3<&- 4>&-
            [ -z "$batchport_stops" ] || set -e
            "$batchport_function" "$1"
        }

        batchport_work() {
            exec 3<"$batchport_folder/requests.$1" 4>"$batchport_folder/answers.$1"
            # Until what an earlier worker left in the pipes is gone.
            IFS= read -r batchport_line <"$batchport_folder/resume.$1"
            printf '*\n' >&4
            while IFS= read -r batchport_line <&3; do
                [ -n "$batchport_line" ] || exit 75
                ( batchport_evaluate "${batchport_line#* }" ) >"$batchport_folder/output.$1.${batchport_line%% *}" <<END
        ${batchport_line#* }
        END
                printf '?%s\n' "$?" >&4
            done
        }

        batchport_keep() {
            while :; do
                ( batchport_work "$1" )
                batchport_status=$?
                printf 'ended %s %s\n' "$1" "$batchport_status" >"$batchport_folder/control"
                [ "$batchport_status" -ne 75 ] || return 0
            done
        }

        batchport_slot=0
        while [ "$batchport_slot" -lt "$batchport_workers" ]; do
            batchport_keep "$batchport_slot" &
            batchport_slot=$((batchport_slot + 1))
        done
        wait
        """#
}
