import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createConfig, lint } from '@redocly/openapi-core';

import { compareDocuments, formatDifferences } from '../../sandbox/contract/compare';
import { contract, contractFile, methods } from '../../sandbox/contract/document';
import { switchRules } from '../../sandbox/switches';
import { get, sandbox, setUpSandbox } from './helpers';

setUpSandbox();

const root = join(__dirname, '..', '..');
const run = promisify(execFile);

/** Every value in the contract under a key, with its path. */
function findAll(key: string, value: unknown = contract, path = ''): Array<[string, unknown]> {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([name, inner]) => [
		...(name === key ? [[path, inner] as [string, unknown]] : []),
		...findAll(key, inner, `${path}/${name}`),
	]);
}

describe('sandbox/openapi.yaml', () => {
	test('has no finding of the linter', async () => {
		const config = await createConfig({ extends: ['recommended'] });
		const problems = await lint({ ref: contractFile, config });
		expect(
			problems.map(({ message, location }) => `${location[0].pointer ?? ''}: ${message}`),
		).toEqual([]);
	});

	test('is what sandbox/contract/types.d.ts is generated from', async () => {
		const options = ['--empty-objects-unknown', '-o', 'sandbox/contract/types.d.ts'];
		const program = join(root, 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
		// Fails when the file would change; without --check it is written.
		await run(process.execPath, [program, 'sandbox/openapi.yaml', ...options, '--check'], {
			cwd: root,
		});
	});

	test('names a switch of the sandbox, and at least one reading, for every contradiction', () => {
		const all = findAll('x-contradictions').flatMap(([, list]) => list as Array<object>);
		expect(all.length).toBeGreaterThan(30);
		for (const contradiction of all) {
			expect(contradiction).toEqual({
				switch: expect.any(String),
				readings: expect.stringMatching(/\w/),
			});
			const { switch: name } = contradiction as { switch: string };
			expect({ name, exists: Object.hasOwn(switchRules, name) }).toEqual({ name, exists: true });
		}
	});

	test('each operation names its SDK call or another source', () => {
		for (const item of Object.values(contract.paths)) {
			for (const method of methods) {
				const operation = item[method];
				if (!operation) continue;
				const { operationId, 'x-sdk': sdk, 'x-source': source } = operation;
				expect({ operationId, from: sdk ?? source }).toEqual({
					operationId,
					from: expect.any(String),
				});
			}
		}
	});
});

describe('The documentation page of the sandbox', () => {
	test('shows the contract with a viewer that comes from the sandbox itself', async () => {
		const page = await get('/docs');
		expect(page.status).toBe(200);
		const addresses = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url);
		expect(addresses).toHaveLength(4);
		for (const address of addresses) {
			expect(address).toMatch(/^\/docs\//);
			expect((await get(address)).status).toBe(200);
		}
		const { body } = await get('/docs.json');
		expect(body).toEqual({ ...contract, servers: [{ url: '/', description: 'This sandbox.' }] });
		expect(sandbox.requests).toEqual([]);
	});
});

describe('npm run contract:diff', () => {
	const command = async (...files: string[]) =>
		await run(process.execPath, ['--import', 'tsx', 'sandbox/contract/diff.ts', ...files], {
			cwd: root,
		}).then(
			({ stdout }) => ({ code: 0, stdout, stderr: '' }),
			({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
				code,
				stdout,
				stderr,
			}),
		);

	test('finds nothing different in the contract itself', async () => {
		expect(await command(contractFile)).toEqual({
			code: 0,
			stdout: '0 differences\n',
			stderr: '',
		});
	});

	test('says what another document adds, lacks and types differently', () => {
		const answer = { '200': { content: { 'application/json': { schema: { type: 'array' } } } } };
		const official = {
			openapi: '3.0.0',
			paths: {
				'/reviews/': {
					get: {
						parameters: [
							{ name: 'productId', in: 'query', required: true, schema: { type: 'string' } },
							{ name: 'limit', in: 'query', schema: { type: 'integer' } },
						],
						responses: answer,
					},
				},
				'/licenses/{licenseId}': { get: { responses: answer } },
				'/discounts/validate': {
					post: {
						requestBody: {
							content: {
								'application/json': {
									schema: {
										type: 'object',
										required: ['code'],
										properties: { code: { type: 'integer' }, productId: { type: 'string' } },
									},
								},
							},
						},
					},
				},
			},
		};
		const differences = compareDocuments(contract, official);
		const text = formatDifferences(
			differences.filter(({ endpoint }) => /reviews|licenses|validate/.test(endpoint)),
		);
		expect(text.split('\n')).toEqual(
			expect.arrayContaining([
				'GET /reviews',
				'  ~ query.productId is string in sandbox/openapi.yaml, and string, required in the other document',
				'  + query.limit is only in the other document (integer)',
				'  - answer[].rating is only in sandbox/openapi.yaml (number)',
				'GET /licenses/{}',
				'  + the endpoint is only in the other document (exists)',
				'POST /discounts/validate',
				'  ~ body.code is string, required in sandbox/openapi.yaml, and integer, required in the other document',
			]),
		);
		expect(text).not.toContain('body.productId');
	});

	test('fails with a sentence for a file that is no such document', async () => {
		expect(await command(join(root, 'package.json'))).toMatchObject({
			code: 2,
			stderr: expect.stringContaining('is no OpenAPI document'),
		});
	});
});
