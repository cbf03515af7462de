/*
 * cryptoki.h
 *		The part of PKCS#11 (OASIS, 2.40 and 3.0) that signing takes: layouts and numbers
 *		of the standard's C binding on Unix.
 */
#ifndef STO_CORE_CRYPTOKI_H
#define STO_CORE_CRYPTOKI_H

typedef unsigned long CkNumber; /* CK_ULONG: handles, flags, results, lengths */

#define CKR_OK 0x0UL
#define CKR_PIN_INCORRECT 0xa0UL
#define CKR_PIN_LOCKED 0xa4UL
#define CKR_USER_ALREADY_LOGGED_IN 0x100UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED 0x191UL
#define CKF_OS_LOCKING_OK 0x2UL
#define CKF_TOKEN_INITIALIZED 0x400UL
#define CKF_SERIAL_SESSION 0x4UL
#define CKU_USER 1UL
#define CKO_PUBLIC_KEY 2UL
#define CKO_PRIVATE_KEY 3UL
#define CKA_CLASS 0x0UL
#define CKA_LABEL 0x3UL
#define CKA_KEY_TYPE 0x100UL
#define CKA_ID 0x102UL
#define CKA_EC_POINT 0x181UL
#define CKK_EC_EDWARDS 0x40UL
#define CKM_EDDSA 0x1057UL

typedef struct CkAttribute
{
	CkNumber type;
	void *value;
	CkNumber len;
} CkAttribute;

typedef struct CkMechanism
{
	CkNumber type;
	void *parameter;
	CkNumber len;
} CkMechanism;

typedef struct CkInitialize
{
	void *mutexes[4];
	CkNumber flags;
	void *reserved;
} CkInitialize;

/* Texts are padded with spaces; what follows them in the standard's structure isn't read. */
typedef struct CkTokenInfo
{
	char label[32];
	char manufacturer[32];
	char model[16];
	char serial[16];
	CkNumber flags;
	CkNumber rest[15];
} CkTokenInfo;

typedef void (*CkUnused)(void);

/* CK_FUNCTION_LIST up to C_Sign; functions that aren't called stand as places. */
typedef struct CkFunctions
{
	unsigned char version[2];
	CkNumber (*initialize)(void *args);
	CkUnused finalize_to_get_function_list[3];
	CkNumber (*get_slot_list)(unsigned char present, CkNumber *slots, CkNumber *count);
	CkUnused get_slot_info;
	CkNumber (*get_token_info)(CkNumber slot, CkTokenInfo *info);
	CkUnused get_mechanism_list_to_set_pin[5];
	CkNumber (*open_session)(CkNumber slot, CkNumber flags, void *context, void *notify,
							 CkNumber *session);
	CkNumber (*close_session)(CkNumber session);
	CkUnused close_all_sessions_to_set_operation_state[4];
	CkNumber (*login)(CkNumber session, CkNumber user, const char *pin, CkNumber len);
	CkUnused logout_to_get_object_size[5];
	CkNumber (*get_attribute_value)(CkNumber session, CkNumber object, CkAttribute *attributes,
									CkNumber count);
	CkUnused set_attribute_value;
	CkNumber (*find_objects_init)(CkNumber session, CkAttribute *attributes, CkNumber count);
	CkNumber (*find_objects)(CkNumber session, CkNumber *objects, CkNumber max, CkNumber *count);
	CkNumber (*find_objects_final)(CkNumber session);
	CkUnused encrypt_init_to_digest_final[13];
	CkNumber (*sign_init)(CkNumber session, CkMechanism *mechanism, CkNumber key);
	CkNumber (*sign)(CkNumber session, const void *data, CkNumber len, void *sig,
					 CkNumber *sig_len);
} CkFunctions;

typedef CkNumber (*CkGetFunctionList)(CkFunctions **functions);

#endif
