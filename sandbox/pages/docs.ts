import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';

import type { FastifyInstance } from 'fastify';

import { contract } from '../contract/document';

const viewer = dirname(require.resolve('swagger-ui-dist/package.json'));

const types: Record<string, string> = {
	'swagger-ui.css': 'text/css; charset=utf-8',
	'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
	'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pocketsflow API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const script = `SwaggerUIBundle({
	url: '/docs.json',
	dom_id: '#docs',
	deepLinking: true,
	showExtensions: true,
	validatorUrl: null,
});
`;

export function registerDocs(app: FastifyInstance): void {
	app.get('/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
	app.get('/docs/start.js', async (_request, reply) =>
		reply.type('text/javascript; charset=utf-8').send(script),
	);
	app.get('/docs.json', async () => ({
		...contract,
		servers: [{ url: '/', description: 'This sandbox.' }],
	}));
	for (const [name, type] of Object.entries(types)) {
		app.get(`/docs/${name}`, async (_request, reply) =>
			reply.type(type).send(createReadStream(join(viewer, name))),
		);
	}
}
