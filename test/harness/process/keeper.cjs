// Stands between the harness and a server such as n8n: when the harness is gone, however it ended, the
// server and what it started (n8n's task runner) go too. Plain JavaScript, because Jest runs it too.
const { spawn } = require('node:child_process');
const { closeSync, openSync, rmSync } = require('node:fs');

const { command, args, env, cwd, logFile, removeAtEnd, uid, gid } = JSON.parse(process.argv[2]);
const windows = process.platform === 'win32';

const log = openSync(logFile, 'a');
// A separate group, so that one signal reaches all of it and a Ctrl-C in the terminal does not.
const stdio = ['ignore', log, log];
const child = spawn(command, args, { cwd, env, uid, gid, detached: !windows, stdio });
closeSync(log);

const signalAll = (signal) => {
	try {
		process.kill(windows ? child.pid : -child.pid, signal);
	} catch {
		// Already gone.
	}
};

let orphaned = false;
const end = () => {
	signalAll('SIGKILL');
	if (orphaned && removeAtEnd) rmSync(removeAtEnd, { recursive: true, force: true, maxRetries: 3 });
	process.exit();
};

child.on('error', (error) => {
	if (process.connected) process.send({ failed: error.message }, end);
	else end();
});
child.on('spawn', () => process.send({ pid: child.pid }));
child.on('exit', (code, signal) => {
	if (process.connected) process.send({ exited: { code, signal } }, end);
	else end();
});

process.on('message', ({ signal }) => signalAll(signal));
process.on('disconnect', () => {
	orphaned = true;
	signalAll('SIGTERM');
	setTimeout(end, 5000);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
