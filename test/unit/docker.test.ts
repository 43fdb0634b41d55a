import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DCLinter } from 'dclint';
import { validate } from 'dockerfile-utils';
import { load } from 'js-yaml';

const folder = join(__dirname, '..', '..', 'docker');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const composeFiles = ['compose.yaml', 'compose.queue.yaml'];

/** The errors of Docker Compose's schema and of its linter in one file; the order of keys is ours. */
function lint(file: string): string[] {
	const linter = new DCLinter({ rules: {}, quiet: false, debug: false, exclude: [] });
	return linter
		.lintFiles([file], false)
		.flatMap(({ messages }) => messages)
		.filter(({ type }) => type === 'error')
		.map(({ line, rule, message }) => `${line} ${rule}: ${message}`);
}

interface Service {
	environment?: Record<string, string>;
	image?: string;
	command?: string;
	volumes?: string[];
}

const readServices = (file: string) =>
	(load(read(file)) as { services: Record<string, Service> }).services;

describe('the files for Docker', () => {
	it.each(composeFiles)('%s fits the schema of Docker Compose', (file) => {
		expect(lint(join(folder, file))).toEqual([]);
	});

	it('the linter finds a key that Docker Compose does not know', () => {
		expect(lint(join(__dirname, 'wrong-compose.yaml')).join('\n')).toMatch(/additional properties/);
	});

	it('the Dockerfile has no fault, and a wrong one is noticed', () => {
		expect(validate(read('Dockerfile'))).toEqual([]);
		expect(validate('FROM node:24\nCOPPY a b\n')).not.toEqual([]);
	});

	it.each([...composeFiles, 'Dockerfile'])('%s pins every image', (file) => {
		const images =
			file === 'Dockerfile'
				? [...read(file).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
				: [...read(file).matchAll(/^\s+image: (\S+)/gm)].map(([, image]) => image);
		expect(images.length).toBeGreaterThan(0);
		expect(images.filter((image) => !/:(\d|\$\{)/.test(image) && !/:24-/.test(image))).toEqual([]);
	});

	it('.env.example names every variable that the files for Docker ask for, and no other', () => {
		const asked = [...composeFiles, 'Caddyfile']
			.flatMap((file) => [...read(file).matchAll(/\{\$(\w+)\}|\$\{(\w+)\}/g)])
			.map(([, inCaddyfile, inCompose]) => inCaddyfile ?? inCompose);
		const named = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
		expect(named.sort()).toEqual([...new Set(asked)].sort());
	});

	it('every process of the queue mode has the same variables', () => {
		const { main, webhook, worker } = readServices('compose.queue.yaml');
		expect(Object.keys(main.environment ?? {})).toContain('N8N_UNVERIFIED_PACKAGES_ENABLED');
		expect(webhook.environment).toEqual(main.environment);
		expect(worker.environment).toEqual(main.environment);
	});

	it('every file that is copied or mounted in Docker is there', () => {
		const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(?:--\S+ )*(\S+) /gm)];
		const mounted = [...read('compose.queue.yaml').matchAll(/- \.\/(\S+?):/g)];
		const files = [...copied, ...mounted].map(([, file]) => file);
		expect(files).toEqual(['link-package.sh', 'Caddyfile']);
		expect(files.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
	});
});

describe('docs/docker.md', () => {
	const page = readFileSync(join(__dirname, '..', '..', 'docs', 'docker.md'), 'utf8');

	it.each(composeFiles)('explains every variable of %s', (file) => {
		const names = Object.values(readServices(file)).flatMap(({ environment }) =>
			Object.keys(environment ?? {}),
		);
		expect(names.length).toBeGreaterThan(5);
		expect([...new Set(names)].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
	});
});
