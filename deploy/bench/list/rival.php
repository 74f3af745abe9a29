<?php
// For scale only: the same session check and query as PHP would do it, with a page of the same shape but not the same bytes.
$db = pg_pconnect(getenv('BENCH_DATABASE'));
$cookie = $_COOKIE['__Host-batchport'] ?? '';
pg_query($db, 'BEGIN');
pg_query_params($db, "SELECT set_config('batchport.session', \$1, true)", [$cookie]);
$who = pg_fetch_assoc(pg_query($db, 'SELECT person, name, email, role FROM current_identity()'));
if (!$who) { pg_query($db, 'ROLLBACK'); http_response_code(303); header('Location: /sign-in'); exit; }
$rows = pg_fetch_all(pg_query($db, file_get_contents(getenv('BENCH_LIST_SQL'))));
pg_query($db, 'COMMIT');
$e = fn($s) => htmlspecialchars($s ?? '', ENT_QUOTES);
echo '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Jobs – Batchport</title></head><body><main id="main"><table><tbody>';
foreach (array_slice($rows, 0, 50) as $r) {
    echo '<tr role="row"><td role="cell" class="c-state"><span class="state" data-s="', strtolower($r['status']), '">', $e($r['status']), '</span></td>',
        '<th role="rowheader" scope="row" class="c-name"><a href="/jobs/', $r['id'], '">', $e($r['name']), '</a></th><td role="cell">',
        $e($r['environment_name']), '</td><td role="cell" class="num">', $e($r['submitted_at']), '</td><td role="cell">', $e($r['status_reason']), '</td></tr>';
}
echo '</tbody></table></main></body></html>';
