import fastify, { type FastifyInstance } from 'fastify';

export interface ServiceRequest {
	method: string;
	/** Without the query string. */
	path: string;
	body: Record<string, unknown>;
	status: number;
}

interface Failure {
	method: string;
	path: string;
	status: number;
	body: unknown;
	times: number;
}

/** A service of another company, played on this machine: it answers, and remembers what it was asked. */
export abstract class StandIn {
	readonly requests: ServiceRequest[] = [];

	private readonly failures: Failure[] = [];

	protected readonly app: FastifyInstance;

	private address = '';

	protected constructor() {
		this.app = fastify({ forceCloseConnections: true });
		// DELETE and PUT of these services may say that they send JSON, and send nothing.
		this.app.removeContentTypeParser('application/json');
		this.app.addContentTypeParser(
			'application/json',
			{ parseAs: 'string' },
			(_request, body, done) => done(null, body === '' ? {} : JSON.parse(String(body))),
		);
		this.app.addHook('preHandler', async (request, reply) => {
			const path = request.url.split('?')[0];
			const failure = this.failures.find(
				(each) => each.times > 0 && each.method === request.method && path.includes(each.path),
			);
			if (!failure) return;
			failure.times -= 1;
			await reply.code(failure.status).send(failure.body);
		});
		this.app.addHook('onResponse', async (request, reply) => {
			this.requests.push({
				method: request.method,
				path: request.url.split('?')[0],
				body: (request.body ?? {}) as Record<string, unknown>,
				status: reply.statusCode,
			});
		});
	}

	get url(): string {
		return this.address;
	}

	failNext(failure: Failure): void {
		this.failures.push(failure);
	}

	/** How many requests with this method, and this text in the path, succeeded. */
	count(method: string, path: string): number {
		return this.requests.filter(
			(each) => each.method === method && each.path.includes(path) && each.status < 300,
		).length;
	}

	async close(): Promise<void> {
		await this.app.close();
	}

	protected async listen(): Promise<void> {
		this.address = await this.app.listen({ host: '127.0.0.1', port: 0 });
	}
}
