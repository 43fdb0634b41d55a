import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { format } from 'prettier';
import ts from 'typescript';

/**
 * Replaces a property of the class in a source file by its value, as a literal. Rules about descriptions
 * read the source only, so they see nothing of what functions and tables make of it.
 * @param sourceFile a node or a credential, which is overwritten
 * @param compiledFile the same, built
 */
export async function writeOut(
	sourceFile: string,
	compiledFile: string,
	property: 'description' | 'properties',
): Promise<void> {
	const source = await readFile(sourceFile, 'utf8');
	const className = basename(sourceFile).split('.')[0];
	const classes = (await import(compiledFile)) as Record<string, new () => Record<string, unknown>>;
	const value = new classes[className]()[property];
	const initializer = findInitializer(source, property);
	const text =
		ts.isObjectLiteralExpression(initializer) && isRecord(value)
			? writeObject(initializer, value)
			: toJson(value);
	const written =
		source.slice(0, initializer.getStart()) + text + source.slice(initializer.getEnd());
	// The rules want names without quotation marks.
	await writeFile(sourceFile, await format(written, { parser: 'typescript', singleQuote: true }));
}

function findInitializer(source: string, property: string): ts.Expression {
	const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
	const initializers = file.statements
		.filter(ts.isClassDeclaration)
		.flatMap(({ members }) => [...members])
		.filter(ts.isPropertyDeclaration)
		.filter(({ name }) => name.getText() === property)
		.flatMap(({ initializer }) => initializer ?? []);
	if (initializers.length !== 1) throw new Error(`There are ${initializers.length} "${property}".`);
	return initializers[0];
}

/** The names of connections stay: a rule asks for them instead of their values. */
function writeObject(initializer: ts.ObjectLiteralExpression, value: object): string {
	const sources = new Map(
		initializer.properties
			.filter(ts.isPropertyAssignment)
			.map((assignment) => [assignment.name.getText(), assignment.initializer.getText()]),
	);
	const lines = Object.entries(value).map(([name, content]) => {
		const source = sources.get(name);
		const text = source?.startsWith('[NodeConnectionTypes.') ? source : toJson(content);
		return `${name}: ${text},`;
	});
	return `{\n${lines.join('\n')}\n}`;
}

/** With the display name first, where the rules look for it; the order of names means nothing to n8n. */
const toJson = (value: unknown) =>
	JSON.stringify(value, (_, part: unknown) => {
		if (!isRecord(part) || !('displayName' in part)) return part;
		const { displayName, ...others } = part;
		return { displayName, ...others };
	});

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null;
