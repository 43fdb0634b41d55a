import { createServer, type AddressInfo } from 'node:net';

const given = new Set<number>();

/** A port of this machine that nothing listens to, and that was not given to another caller before. */
export async function findFreePort(): Promise<number> {
	for (;;) {
		const port = await listen(0);
		if (port === undefined || given.has(port)) continue;
		given.add(port);
		return port;
	}
}

export const isPortFree = async (port: number): Promise<boolean> =>
	(await listen(port, '127.0.0.1')) !== undefined;

/** Listens for a moment. Returns the port, or nothing if it is taken. */
const listen = (port: number, host?: string) =>
	new Promise<number | undefined>((resolve, reject) => {
		const server = createServer();
		server.on('error', (error: NodeJS.ErrnoException) =>
			error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
		);
		server.listen({ port, host }, () => {
			const { port: listened } = server.address() as AddressInfo;
			server.close(() => resolve(listened));
		});
	});
