import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { switchRules, type SwitchesPatch } from '../../sandbox/switches';
import { call, get, sandbox, setUpSandbox, switchesBySuite } from './helpers';

setUpSandbox();

const readText = (path: string) => readFileSync(join(__dirname, '..', '..', path), 'utf8');

describe('The switches of the sandbox', () => {
	test('are refused under unknown names and with impossible values, and nothing changes', async () => {
		expect(() => sandbox.setSwitches({ latencyMS: 5 } as SwitchesPatch)).toThrow(
			'Unknown switch "latencyMS"',
		);
		const response = await call('PATCH', '/_sandbox/switches', { latencyMs: 9, orderById: 'x' });
		expect(response).toMatchObject({
			status: 400,
			body: { error: 'Switch "orderById" must be: bare / sale / order' },
		});
		expect((await get('/_sandbox/switches')).body).toMatchObject({
			latencyMs: 0,
			orderById: 'sale',
		});
	});

	test('are each turned in one of the suites of switches', () => {
		const names = Object.values(switchesBySuite).flat();
		expect([...names].sort()).toEqual(Object.keys(switchRules).sort());
	});

	test('are each described in a row of sandbox/README.md', () => {
		const readme = readText('sandbox/README.md');
		for (const [name, { section, about, initial, allowed }] of Object.entries(switchRules)) {
			const cells = [
				`\`${name}\``,
				`[${section}](../docs/pocketsflow-api.md#${section})`,
				`\`${JSON.stringify(initial)}\``,
				allowed,
				about,
			];
			expect(readme).toContain(`| ${cells.join(' | ')} |`);
		}
	});

	test('each link to a heading of docs/pocketsflow-api.md that exists', () => {
		const headings = readText('docs/pocketsflow-api.md').matchAll(/^## (.*)$/gm);
		const anchors = [...headings].map(([, heading]) =>
			heading.toLowerCase().replaceAll(',', '').replaceAll(' ', '-'),
		);
		for (const { section } of Object.values(switchRules)) expect(anchors).toContain(section);
	});
});
