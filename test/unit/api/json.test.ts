import { parseJson } from '../../../nodes/Pocketsflow/api/json';

test('JSON keeps all digits of integers beyond 2^53, as text', () => {
	expect(parseJson('{"id":90071992547409931,"ids":[-9007199254740993, 9007199254740993]}')).toEqual(
		{
			id: '90071992547409931',
			ids: ['-9007199254740993', '9007199254740993'],
		},
	);
	expect(parseJson('90071992547409931')).toBe('90071992547409931');
});

test('JSON with no integer beyond 2^53 is read as it stands, whatever digits its texts hold', () => {
	const inText = String.raw`", 90071992547409931 \" :90071992547409933"`;
	const text = `{"a":9007199254740991,"b":-0.12345678901234567,"c":1e20,"d":${inText}}`;
	expect(parseJson(text)).toEqual(JSON.parse(text));
});

test('What is no JSON is undefined', () => {
	expect(['', '{', '01', '90071992547409931,'].map(parseJson)).toEqual(Array(4).fill(undefined));
});
