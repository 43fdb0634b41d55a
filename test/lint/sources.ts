// What textlint reads in source files: the comments and texts of TypeScript and JavaScript, and the texts in JSON.
import type { TxtDocumentNode } from '@textlint/ast-node-types';
import ts from 'typescript';

const scriptKinds: Record<string, ts.ScriptKind> = {
	'.ts': ts.ScriptKind.TS,
	'.mjs': ts.ScriptKind.JS,
	'.cjs': ts.ScriptKind.JS,
	'.js': ts.ScriptKind.JS,
	'.json': ts.ScriptKind.JSON,
};

/** What is no prose: code in backticks, expressions, tags, addresses, escaped characters, lines of a comment. */
const notProse =
	/`[^`]*`|\{\{.*?\}\}|<[^<>]*>|https?:\/\/\S+|\\.|\n[ \t]*(?:\*|\/\/)?|\/\*\*?|\*\/|@param \w+|@\w+/gs;

/** A text of several words; a single one is a key, an ID or a value. */
const isProse = (text: string) => /\p{L} +\p{L}/u.test(text);

type Part = [start: number, end: number];

/** The parts of a file that are prose. */
function findProse(file: ts.SourceFile): Part[] {
	const parts: Part[] = [];
	const comments = new Set<number>();
	const add = (start: number, end: number) => {
		let from = start;
		const text = file.text.slice(start, end);
		for (const { index, 0: gap } of text.matchAll(notProse)) {
			parts.push([from, start + index]);
			from = start + index + gap.length;
		}
		parts.push([from, end]);
	};
	const addComments = (ranges: ts.CommentRange[] = []) => {
		for (const { pos, end } of ranges.filter((range) => !comments.has(range.pos))) {
			comments.add(pos);
			add(pos + 2, end);
		}
	};
	const visit = (node: ts.Node): void => {
		addComments(ts.getLeadingCommentRanges(file.text, node.getFullStart()));
		addComments(ts.getTrailingCommentRanges(file.text, node.end));
		const isText =
			ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || isTemplatePart(node);
		if (isText && !isCode(node) && isProse(node.text)) add(node.getStart(file) + 1, node.end - 1);
		ts.forEachChild(node, visit);
	};
	visit(file);
	return parts.filter(([start, end]) => isProse(file.text.slice(start, end)));
}

/** The code of a Code node, in a workflow. */
const isCode = ({ parent }: ts.Node) =>
	ts.isPropertyAssignment(parent) && /^["']?jsCode["']?$/.test(parent.name.getText());

const isTemplatePart = (node: ts.Node) =>
	ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);

/** The file with blanks instead of all that is not prose, as one text: what the rules read. */
function toProse(file: ts.SourceFile): { text: string; ast: TxtDocumentNode } {
	const parts = findProse(file).sort(([one], [other]) => one - other);
	let text = '';
	for (const [start, end] of parts)
		text += blank(file.text.slice(text.length, start)) + file.text.slice(start, end);
	text += blank(file.text.slice(text.length));
	const { line, character } = file.getLineAndCharacterOfPosition(text.length);
	const place = {
		raw: text,
		range: [0, text.length] as [number, number],
		loc: { start: { line: 1, column: 0 }, end: { line: line + 1, column: character } },
	};
	const str = { ...place, type: 'Str' as const, value: text };
	const paragraph = { ...place, type: 'Paragraph' as const, children: [str] };
	return { text, ast: { ...place, type: 'Document' as const, children: [paragraph] } };
}

const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/** A plugin of textlint for source files. */
export const sourcesPlugin = {
	Processor: class {
		availableExtensions(): string[] {
			return Object.keys(scriptKinds);
		}

		processor(extension: string) {
			return {
				preProcess: (text: string) =>
					toProse(
						ts.createSourceFile(
							`file${extension}`,
							text,
							ts.ScriptTarget.Latest,
							true,
							scriptKinds[extension],
						),
					),
				postProcess: <M>(messages: M[], filePath?: string) => ({
					messages,
					filePath: filePath ?? '',
				}),
			};
		}
	},
};
