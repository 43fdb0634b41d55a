// What textlint reads in files that are not Markdown: comments, and texts that people read.
import { extname } from 'node:path';

import type { TxtDocumentNode } from '@textlint/ast-node-types';
import ts from 'typescript';

type Part = [start: number, end: number];

/** Code in backticks, expressions, tags, addresses, escaped characters, signs of comments. */
const notProse =
	/`[^`]*`|\{\{.*?\}\}|<[^<>]*>|https?:\/\/\S+|\\.|\n[ \t]*(?:\*|\/\/|#)?|\/\*\*?|\*\/|@param \w+|@\w+|Requires Plugins: +\S+|"[\w-]+":|(?<!\w)'[\w-]+'/gs;

const isProse = (text: string) => /\p{L} +\p{L}/u.test(text);

const isTest = (path: string) => /(^|\/)test\//.test(path);

const scriptKinds: Record<string, ts.ScriptKind> = {
	'.ts': ts.ScriptKind.TS,
	'.tsx': ts.ScriptKind.TSX,
	'.mjs': ts.ScriptKind.JS,
	'.cjs': ts.ScriptKind.JS,
	'.js': ts.ScriptKind.JS,
	'.json': ts.ScriptKind.JSON,
};

/** The comments of a script, and its texts; of a test, only its titles. */
function findInScript(text: string, path: string): Part[] {
	const kind = scriptKinds[extname(path)];
	const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
	const parts: Part[] = [];
	const comments = new Set<number>();
	const addComments = (ranges: ts.CommentRange[] = []) => {
		for (const { pos, end } of ranges.filter((range) => !comments.has(range.pos))) {
			comments.add(pos);
			parts.push([pos + 2, end]);
		}
	};
	const visit = (node: ts.Node): void => {
		// Between tags, what looks like a comment is text.
		if (!ts.isJsxText(node)) {
			addComments(ts.getLeadingCommentRanges(text, node.getFullStart()));
			addComments(ts.getTrailingCommentRanges(text, node.end));
		}
		const start = node.getStart(file) + 1;
		const isRead = isTest(path) ? isTitle(node) : isText(node);
		if (isRead && isCode(node))
			for (const { index, 0: comment } of text.slice(start, node.end - 1).matchAll(codeComments))
				parts.push([start + index, start + index + comment.length]);
		else if (isRead) parts.push([start, node.end - 1]);
		else if (ts.isJsxText(node) && !isTest(path)) parts.push([node.pos, node.end]);
		ts.forEachChild(node, visit);
	};
	visit(file);
	return parts;
}

const isText = (node: ts.Node) =>
	ts.isStringLiteral(node) ||
	ts.isNoSubstitutionTemplateLiteral(node) ||
	ts.isTemplateHead(node) ||
	ts.isTemplateMiddle(node) ||
	ts.isTemplateTail(node);

/** The code of a Code node, in a workflow. */
const isCode = ({ parent }: ts.Node) =>
	ts.isPropertyAssignment(parent) && /^["']?jsCode["']?$/.test(parent.name.getText());

/** Its comments. In JSON, an end of a line is escaped. */
const codeComments = /(?<!:)\/\/ (?:(?!\\n).)*/g;

const isTitle = (node: ts.Node) =>
	isText(node) &&
	ts.isCallExpression(node.parent) &&
	node.parent.arguments[0] === node &&
	/^(describe|it|test)\b/.test(node.parent.expression.getText());

const phpParts = /(['"])(?:\\.|(?!\1).)*\1|\/\*.*?\*\/|(?:\/\/|#)[^\n]*/gs;

const hashComments = /(?<=^|\s)#(?!!)[^\n]*/g;

const cssComments = /\/\*.*?\*\//gs;

/** The comments of YAML, and its values: without the key, or the dash of a list. No commands. */
const yamlParts = /(?<=^[ \t]*(?:- )*(?:(?!run:)[\w$./{}-]+:[ \t]+)?)(?!run:)[^\s-].*$/gm;

const findMatches = (text: string, pattern: RegExp) =>
	[...text.matchAll(pattern)].map(({ index, 0: found }): Part => [index, index + found.length]);

function findParts(text: string, path: string): Part[] {
	const extension = extname(path);
	if (extension in scriptKinds) return findInScript(text, path);
	if (extension === '.php') return findMatches(text, phpParts);
	if (extension === '.css') return findMatches(text, cssComments);
	if (/^\.ya?ml$/.test(extension)) return findMatches(text, yamlParts);
	return findMatches(text, hashComments);
}

const withoutCode = (text: string, [start, end]: Part): Part[] => {
	const parts: Part[] = [];
	let from = start;
	for (const { index, 0: gap } of text.slice(start, end).matchAll(notProse)) {
		parts.push([from, start + index]);
		from = start + index + gap.length;
	}
	return [...parts, [from, end]];
};

const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/** Not a text, which can be a key, an ID or a value: each word of a comment is prose. */
const isComment = (text: string, [start]: Part) =>
	/\/[/*]$|^\/[/*]|^#/m.test(`${text.slice(start - 2, start)}\n${text.slice(start, start + 2)}`);

/** Whether a sentence can go on behind this gap: the end of a line and the sign of a comment. */
const isOneSentence = (gap: string) => /^\s*(?:\/\/|#)?\s*$/.test(gap);

/**
 * The prose of a file as one text, for textlint. Blanks keep the positions; a period ends each piece,
 * so that no term is found across two.
 */
function toProse(text: string, path: string): { text: string; ast: TxtDocumentNode } {
	const pieces = findParts(text, path)
		.filter((part) => isComment(text, part) || isProse(text.slice(...part)))
		.sort(([one], [other]) => one - other);
	let prose = '';
	for (const piece of pieces) {
		const gap = text.slice(prose.length, piece[0]);
		prose += isOneSentence(gap) ? blank(gap) : blank(gap).replace(' ', '.');
		for (const [from, to] of withoutCode(text, piece))
			prose += blank(text.slice(prose.length, from)) + text.slice(from, to);
	}
	prose += blank(text.slice(prose.length));
	const lines = prose.split('\n');
	const place = {
		raw: prose,
		range: [0, prose.length] as [number, number],
		loc: {
			start: { line: 1, column: 0 },
			end: { line: lines.length, column: lines[lines.length - 1].length },
		},
	};
	const str = { ...place, type: 'Str' as const, value: prose };
	const paragraph = { ...place, type: 'Paragraph' as const, children: [str] };
	return { text: prose, ast: { ...place, type: 'Document' as const, children: [paragraph] } };
}

/** A plugin of textlint for source files. */
export const sourcesPlugin = {
	Processor: class {
		availableExtensions(): string[] {
			return [...Object.keys(scriptKinds), '.php', '.css', '.yaml', '.yml', '.sh'];
		}

		processor(extension: string) {
			return {
				preProcess: (text: string, path = `file${extension}`) => toProse(text, path),
				postProcess: <M>(messages: M[], path = '') => ({ messages, filePath: path }),
			};
		}
	},
};
