import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';

const assets = {
	'pico.css': require.resolve('@picocss/pico/css/pico.classless.indigo.min.css'),
	'style.css': join(__dirname, 'style.css'),
};

export function registerAssets(app: FastifyInstance): void {
	for (const [name, file] of Object.entries(assets)) {
		app.get(`/assets/${name}`, async (_request, reply) =>
			reply.type('text/css; charset=utf-8').send(createReadStream(file)),
		);
	}
}
