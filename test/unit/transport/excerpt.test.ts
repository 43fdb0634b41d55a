import { excerptPage } from '../../../nodes/Pocketsflow/transport/errors';

test.each([
	['the text between tags', '<html><body><h1>502</h1>\n<p>Bad  gateway</p>', '502 Bad gateway'],
	['no script, closed or not', '<script>a</script>Hello<SCRIPT>var b', 'Hello'],
	['no style', '<style>p { color: red }</style><p>Hello', 'Hello'],
	['what is no tag', 'Is 5 < 6?', 'Is 5 < 6?'],
	['the page itself if it has no text', '<br><br>', '<br><br>'],
	['at most 100 characters', 'x'.repeat(200), `${'x'.repeat(100)}…`],
])('the excerpt of a page is %s', (_what, page, excerpt) => {
	expect(excerptPage(page)).toBe(excerpt);
});

test.each(['<', '<a ', '<script ', '<style', '<script></scrip', ' ', '<!--'])(
	'a page of nothing but %j blocks nothing',
	(part) => {
		const page = part.repeat(20_000);
		const measureMs = () => {
			const startMs = performance.now();
			excerptPage(page);
			return performance.now() - startMs;
		};
		// It took 300 ms when each opening was searched for its end again. The best of several, because a
		// busy machine makes any one of them slow.
		expect(Math.min(...Array.from({ length: 10 }, measureMs))).toBeLessThan(30);
	},
);
