import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

import { resources } from '../../nodes/Pocketsflow/actions/resources';

const root = join(__dirname, '../..');

const sources = ['nodes', 'credentials'].flatMap((folder) =>
	readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.ts'))
		.map((name) => join(root, folder, name)),
);

interface Found {
	/** The file and line. */
	place: string;
	text: string;
}

/** Calls `visit` for every node of every shipped source file. */
function visitSources(visit: (node: ts.Node, place: string) => void): void {
	for (const path of sources) {
		const file = ts.createSourceFile(
			path,
			readFileSync(path, 'utf8'),
			ts.ScriptTarget.Latest,
			true,
		);
		const walk = (node: ts.Node): void => {
			const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
			visit(node, `${relative(root, path)}:${line + 1}`);
			ts.forEachChild(node, walk);
		};
		walk(file);
	}
}

/** The text of a literal; an inserted value is shown as `…`. Undefined for other expressions. */
function readLiteral(node: ts.Node | undefined): string | undefined {
	if (node === undefined) return undefined;
	if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
	if (!ts.isTemplateExpression(node)) return undefined;
	return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

function findSentences(): Found[] {
	const sentences: Found[] = [];
	visitSources((node, place) => {
		const text = readLiteral(node);
		if (text !== undefined && / /.test(text.trim())) sentences.push({ place, text });
	});
	return sentences;
}

function findRefusals(): Array<{ place: string; message?: string; description?: string }> {
	const refusals: ReturnType<typeof findRefusals> = [];
	visitSources((node, place) => {
		if (!ts.isNewExpression(node) || node.expression.getText() !== 'InvalidInputError') return;
		const [message, description] = (node.arguments ?? []).map(readLiteral);
		refusals.push({ place, message, description });
	});
	return refusals;
}

test('no text for the user speaks of an error, a problem, a failure or a mistake', () => {
	// The first text is what servers send that have nothing to say; it is recognized, not shown.
	const bad = findSentences().filter(
		({ text }) =>
			text !== 'Internal server error' && /\b(error|problem|failure|mistake)s?\b/i.test(text),
	);
	expect(bad).toEqual([]);
});

test('publishing has the name of n8n 2, followed by that of n8n 1', () => {
	const bad = findSentences().filter(({ text }) =>
		/activat/i.test(text.replace(/\b(un)?publish(ed|ing)? \((de)?activat(e|ed|ing)\)/gi, '')),
	);
	expect(bad).toEqual([]);
});

describe('what is refused', () => {
	const refusals = findRefusals();

	it('a refusal names the parameter in single quotes', () => {
		expect(refusals.length).toBeGreaterThan(20);
		const unnamed = refusals.filter(
			({ message }) => message !== undefined && !/'.+'/.test(message),
		);
		expect(unnamed).toEqual([]);
	});

	it('a refusal says what is wrong in a message without a period, and what to do in sentences with one', () => {
		for (const { message, description } of refusals) {
			if (message !== undefined) expect(message).not.toMatch(/\.$/);
			if (description !== undefined && !description.endsWith('…'))
				expect(description).toMatch(/^[A-Z…].*[.…]$/s);
		}
	});
});

describe('every operation', () => {
	const operations = resources.flatMap(({ option, operations: rows }) =>
		rows.map((row) => [`${option.name}: ${row.option.name}`, option, row.option] as const),
	);

	it.each(operations)('has an action without articles: %s', (_title, _resource, { action }) => {
		expect(action).not.toMatch(/\b(a|an|the)\b/i);
	});

	it.each(operations)('names its resource: %s', (_title, resource, { description, action }) => {
		const name = resource.name.toLowerCase();
		expect(description?.toLowerCase()).toMatch(new RegExp(`\\b${name}s?\\b`));
		expect(action?.toLowerCase()).toMatch(new RegExp(`\\b(${name}|subscriber)s?\\b`));
	});

	it.each(operations)(
		'says Get Many of a list: %s',
		(_title, _resource, { name, action, value }) => {
			const isList = /^get(All|Subscribers)$/.test(String(value));
			expect(/^Get Many\b/.test(name)).toBe(isList);
			expect(/^Get many\b/.test(action ?? '')).toBe(isList);
		},
	);
});

test('operations are sorted by name', () => {
	for (const { operations } of resources) {
		const names = operations.map(({ option }) => option.name);
		expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
	}
});
