/* The thread context of OTEP 4947 for CPython: a TLS pointer that follows the contextvars.
 *
 * A record is a bytes object, whole before its address is stored and never changed afterwards, and
 * the thread owns a reference for as long as its pointer leads there. So a reader that interrupts
 * the thread anywhere finds a whole record or none: what changes is one aligned word.
 *
 * Which record is current stands in a ContextVar. Each context has its own value of it, so tasks
 * and calls by Context.run bring theirs along; but they change without a call that could be seen.
 * CPython has a watcher for that from 3.14 on only, hence Context.run itself is replaced here by a
 * function that does the same and looks at the variable when it enters and leaves. asyncio runs
 * every step of a task by it, and so do to_thread and the thread pools of web frameworks.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>

#ifdef Py_GIL_DISABLED
#error "the reference counts here rely on the GIL"
#endif

#define RECORD_HEAD 28 /* OTEP 4947, Thread-Local Context Record, without attributes */

__attribute__((visibility("default"), used)) __thread const char *volatile otel_thread_ctx_v1;

static __thread PyObject *held;   /* the bytes object that the pointer leads into */
static __thread int has_anchor;   /* `held` is given back when the thread ends */
static PyObject *current_record; /* the ContextVar */
static PyObject *anchor_key;

/* -- one thread's pointer --------------------------------------------------------------------- */

static void point_to(PyObject *record)
{
	PyObject *before = held;

	Py_XINCREF(record);
	held = record;
	otel_thread_ctx_v1 = record ? PyBytes_AS_STRING(record) : NULL;
	/* The old record may be freed below: not before nothing leads there. */
	atomic_signal_fence(memory_order_seq_cst);
	Py_XDECREF(before);
}

/* The thread's state is cleared by the thread itself, but for those that the interpreter's end
 * overtakes: the TLS of these may be gone, so their record is left to the end of the process. */
static void end_of_thread(PyObject *anchor)
{
	if (PyCapsule_GetPointer(anchor, NULL) == (void *)&held) {
		point_to(NULL);
		has_anchor = 0;
	}
}

static int set_anchor(void)
{
	PyObject *dict = PyThreadState_GetDict(), *anchor;
	int failed;

	if (!dict)
		return -1;
	anchor = PyCapsule_New((void *)&held, NULL, end_of_thread);
	if (!anchor)
		return -1;
	failed = PyDict_SetItem(dict, anchor_key, anchor);
	Py_DECREF(anchor);
	has_anchor = !failed;
	return failed;
}

/* Point to what the current context says; 0, or -1 with an error set. */
static int look(void)
{
	PyObject *record = NULL;

	if (PyContextVar_Get(current_record, NULL, &record))
		return -1;
	if (record != held) {
		int is_record = record && PyBytes_CheckExact(record) &&
				PyBytes_GET_SIZE(record) >= RECORD_HEAD;

		if (is_record && !has_anchor && set_anchor()) {
			Py_DECREF(record);
			return -1;
		}
		if (is_record || held)
			point_to(is_record ? record : NULL);
	}
	Py_XDECREF(record);
	return 0;
}

/* The same where nobody waits for an error: what runs goes on, and its own error stays. */
static void look_quietly(void)
{
	PyObject *type, *value, *trace;

	PyErr_Fetch(&type, &value, &trace);
	if (look())
		PyErr_Clear();
	PyErr_Restore(type, value, trace);
}

/* -- Context.run ------------------------------------------------------------------------------ */

static PyObject *context_run(PyObject *self, PyObject *const *args, Py_ssize_t count,
			     PyObject *names)
{
	PyObject *result;

	if (count < 1) {
		PyErr_SetString(PyExc_TypeError, "run() missing 1 required positional argument");
		return NULL;
	}
	if (PyContext_Enter(self))
		return NULL;
	look_quietly();
	result = PyObject_Vectorcall(args[0], args + 1, count - 1, names);
	if (PyContext_Exit(self))
		Py_CLEAR(result);
	look_quietly();
	return result;
}

static PyMethodDef run_method = {
	"run", (PyCFunction)(void (*)(void))context_run, METH_FASTCALL | METH_KEYWORDS,
	"Call a function with arguments in this context.",
};

static PyObject *dict_of(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030c0000
	return PyType_GetDict(type);
#else
	return Py_NewRef(type->tp_dict);
#endif
}

static int replace_run(void)
{
	PyObject *dict = dict_of(&PyContext_Type), *method;
	int failed = 1;

	method = dict ? PyDescr_NewMethod(&PyContext_Type, &run_method) : NULL;
	if (method)
		failed = PyDict_SetItemString(dict, "run", method);
	PyType_Modified(&PyContext_Type);
	Py_XDECREF(method);
	Py_XDECREF(dict);
	return failed ? -1 : 0;
}

/* -- the module ------------------------------------------------------------------------------- */

static PyObject *follow(PyObject *module, PyObject *variable)
{
	if (!PyContextVar_CheckExact(variable)) {
		PyErr_SetString(PyExc_TypeError, "a ContextVar is needed");
		return NULL;
	}
	if (!current_record) {
		anchor_key = PyUnicode_InternFromString("otx.context");
		if (!anchor_key || replace_run())
			return NULL;
	}
	Py_XSETREF(current_record, Py_NewRef(variable));
	Py_RETURN_NONE;
}

static PyObject *set(PyObject *module, PyObject *record)
{
	PyObject *token;

	if (!current_record) {
		PyErr_SetString(PyExc_RuntimeError, "no variable is followed");
		return NULL;
	}
	token = PyContextVar_Set(current_record, record);
	if (token && look())
		Py_CLEAR(token);
	return token;
}

static PyObject *reset(PyObject *module, PyObject *token)
{
	if (!current_record) {
		PyErr_SetString(PyExc_RuntimeError, "no variable is followed");
		return NULL;
	}
	if (PyContextVar_Reset(current_record, token) || look())
		return NULL;
	Py_RETURN_NONE;
}

/* What a reader of this thread would find, to be checked by tests. */
static PyObject *published(PyObject *module, PyObject *nothing)
{
	const char *record = otel_thread_ctx_v1;

	if (!record)
		Py_RETURN_NONE;
	return PyBytes_FromStringAndSize(record, RECORD_HEAD);
}

static PyMethodDef methods[] = {
	{ "follow", follow, METH_O, "Publish what a ContextVar holds in each thread from now on." },
	{ "set", set, METH_O, "Set the variable, publish it, and give the token of the change." },
	{ "reset", reset, METH_O, "Undo a change, and publish what is there now." },
	{ "published", published, METH_NOARGS, "The record of this thread; None for none." },
	{ NULL, NULL, 0, NULL },
};

/* One phase on purpose: interpreters with a GIL of their own refuse such a module, and what is
 * static here is guarded by one GIL. */
static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, "_native", "The thread context of OTEP 4947.", -1, methods,
	NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void)
{
	return PyModule_Create(&definition);
}
