import { connect } from 'node:net';

import { findFreePort } from '../ports';
import { ensureProgram } from '../setup/debian';
import { startServer, type Server } from './server';

/** It stores nothing: what is queued in it is lost when it is killed. */
export interface Redis extends Server {
	port: number;
}

export async function startRedis(): Promise<Redis> {
	const program = await ensureProgram('redis-server', 'Redis');
	const port = await findFreePort();
	const server = await startServer({
		name: 'Redis',
		program,
		user: 'redis',
		args: (folder) => [
			...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
			...['--save', '', '--appendonly', 'no'],
		],
		isReady: () => ping(port),
	});
	return { ...server, port };
}

const ping = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
		const settle = (isThere: boolean) => {
			socket.destroy();
			resolve(isThere);
		};
		socket.setTimeout(2_000, () => settle(false));
		socket.on('data', (data) => settle(data.toString().startsWith('+PONG')));
		socket.on('error', () => settle(false));
	});
