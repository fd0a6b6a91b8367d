#include "db/postgres_value.h"

#include <limits.h>
#include <string.h>

/* Object ids of the built-in types, which never change (pg_type.dat). */
enum type {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_BPCHAR = 1042,
	TYPE_VARCHAR = 1043,
};

static void put_big_endian(unsigned char *at, uint64_t value, int size)
{
	for (int i = size; i-- > 0; value >>= 8)
		at[i] = (unsigned char)value;
}

static uint64_t get_big_endian(const char *at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value = value << 8 | (unsigned char)at[i];
	return value;
}

/* ---- To the server ---- */

static void set_scalar(struct postgres_parameters *parameters, int index, uint64_t bits, int size)
{
	put_big_endian(parameters->scalars[index], bits, size);
	parameters->values[index] = (const char *)parameters->scalars[index];
	parameters->lengths[index] = size;
}

static enum err encode_real(struct postgres_parameters *parameters, int index, Oid type,
			    double value)
{
	float narrow = (float)value;
	uint64_t bits;
	uint32_t narrow_bits;

	memcpy(&bits, &value, sizeof(bits));
	memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
	if (type == TYPE_FLOAT8)
		set_scalar(parameters, index, bits, 8);
	else if (type == TYPE_FLOAT4)
		set_scalar(parameters, index, narrow_bits, 4);
	else
		return ERR_INTERNAL;
	return ERR_OK;
}

static enum err encode_int(struct postgres_parameters *parameters, int index, Oid type,
			   int64_t value)
{
	switch (type) {
	case TYPE_INT8:
		set_scalar(parameters, index, (uint64_t)value, 8);
		return ERR_OK;
	case TYPE_INT4:
		set_scalar(parameters, index, (uint64_t)value, 4);
		return value >= INT32_MIN && value <= INT32_MAX ? ERR_OK : ERR_INTERNAL;
	case TYPE_INT2:
		set_scalar(parameters, index, (uint64_t)value, 2);
		return value >= INT16_MIN && value <= INT16_MAX ? ERR_OK : ERR_INTERNAL;
	case TYPE_BOOL:
		set_scalar(parameters, index, value != 0, 1);
		return ERR_OK;
	default:
		return encode_real(parameters, index, type, (double)value);
	}
}

static bool takes_bytes(Oid type, enum db_type bytes)
{
	if (bytes == DB_BLOB)
		return type == TYPE_BYTEA;
	return type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_BPCHAR ||
	       type == TYPE_NAME;
}

static enum err encode_bytes(struct postgres_parameters *parameters, int index, Oid type,
			     const struct db_value *value)
{
	if (!takes_bytes(type, value->type) || value->bytes.size > INT_MAX)
		return ERR_INTERNAL;
	parameters->values[index] = value->bytes.size ? value->bytes.data : "";
	parameters->lengths[index] = (int)value->bytes.size;
	return ERR_OK;
}

enum err postgres_encode(struct postgres_parameters *parameters, int index, Oid type,
			 const struct db_value *value)
{
	parameters->formats[index] = 1;
	switch (value->type) {
	case DB_INT:
		return encode_int(parameters, index, type, value->integer);
	case DB_REAL:
		return encode_real(parameters, index, type, value->real);
	case DB_TEXT:
	case DB_BLOB:
		return encode_bytes(parameters, index, type, value);
	default:
		parameters->values[index] = NULL;
		parameters->lengths[index] = 0;
		return ERR_OK;
	}
}

/* ---- From the server ---- */

bool postgres_type_known(Oid type)
{
	switch (type) {
	case TYPE_BOOL:
	case TYPE_BYTEA:
	case TYPE_NAME:
	case TYPE_INT8:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_TEXT:
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
	case TYPE_BPCHAR:
	case TYPE_VARCHAR:
		return true;
	default:
		return false;
	}
}

static struct db_value decode_real(const char *data, int size)
{
	uint64_t bits = get_big_endian(data, size);
	uint32_t narrow_bits = (uint32_t)bits;
	float narrow;
	double value;

	memcpy(&narrow, &narrow_bits, sizeof(narrow));
	memcpy(&value, &bits, sizeof(value));
	return db_value_real(size == 4 ? (double)narrow : value);
}

struct db_value postgres_decode(const PGresult *result, int row, int column, Oid type)
{
	const char *data = PQgetvalue(result, row, column);
	int size = PQgetlength(result, row, column);
	struct blob bytes = { data, (size_t)size };

	if (PQgetisnull(result, row, column))
		return (struct db_value){ .type = DB_NULL };
	switch (type) {
	case TYPE_INT8:
		return db_value_int((int64_t)get_big_endian(data, 8));
	case TYPE_INT4:
		return db_value_int((int32_t)get_big_endian(data, 4));
	case TYPE_INT2:
		return db_value_int((int16_t)get_big_endian(data, 2));
	case TYPE_BOOL:
		return db_value_int(data[0] != 0);
	case TYPE_FLOAT4:
	case TYPE_FLOAT8:
		return decode_real(data, size);
	case TYPE_BYTEA:
		return db_value_blob(bytes);
	default:
		return (struct db_value){ .type = DB_TEXT, .bytes = bytes };
	}
}
